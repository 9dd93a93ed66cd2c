"""Values of defined custom fields: validation and normalization at every door."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from people.models import Organization, Person
from tests.clients import data, refusal
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db

CREATE = {
    "LEAD": ("createLead", "LeadInput", {"title": "Deal"}, Lead),
    "PEOPLE": ("createPeople", "PeopleInput", {"firstname": "Anna"}, Person),
    "ORGANIZATION": ("createOrganization", "OrganizationInput", {"name": "Acme"}, Organization),
}
UPDATE = "mutation($id: ID!, $input: LeadUpdateInput!) { updateLead(id: $id, input: $input) { id } }"


def document(model: str) -> str:
    name, kind, _values, _rows = CREATE[model]
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ id custom_fields {{ name value }} }} }}"


def create(actor: Any, *fields: dict[str, Any], model: str = "LEAD") -> list[dict[str, Any]]:
    """Create a record with these custom fields and return the stored ones."""
    name, _kind, values, _rows = CREATE[model]
    created = data(
        document(model), actor=actor, variables={"input": {**values, "custom_fields": list(fields)}}
    )
    listed: list[dict[str, Any]] = created[name]["custom_fields"]
    return listed


def refused(actor: Any, *fields: dict[str, Any], model: str = "LEAD") -> dict[str, Any]:
    values = {**CREATE[model][2], "custom_fields": list(fields)}
    extensions = refusal(document(model), actor=actor, variables={"input": values})["extensions"]
    assert extensions["code"] == "VALIDATION"
    validation: dict[str, Any] = extensions["validation"]
    return validation


@pytest.fixture
def definitions(company):
    for kind in ("TEXT", "NUMBER", "DATE", "BOOLEAN", "URL"):
        CustomFieldDefinitionFactory(company=company, name=kind.capitalize(), kind=kind)
    CustomFieldDefinitionFactory(company=company, name="Choice", kind="CHOICE", choices=["Small", "Größe"])


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("Text", " a text ", "a text"),
        ("Text", 42, "42"),
        ("Number", 42, 42),
        ("Number", 42.5, 42.5),
        ("Number", "42", 42),
        ("Number", "-42.50", -42.5),
        ("Number", "1e3", 1000.0),
        ("Date", "2026-01-31", "2026-01-31"),
        ("Boolean", True, True),
        ("Boolean", "false", False),
        ("Boolean", "Yes", True),
        ("Boolean", 0, False),
        ("Choice", "Small", "Small"),
        ("Choice", "sMALL", "Small"),
        ("Choice", "GRÖSSE", "Größe"),
        ("Url", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("Url", "http://example.com", "http://example.com"),
        ("number", "42", 42),
        ("NUMBER", 1, 1),
        ("Free", "42", "42"),
        ("Free", {"any": ["thing"]}, {"any": ["thing"]}),
    ],
)
def test_a_valid_value_is_stored_normalized(actors, definitions, name, given, stored):
    expected = name if name == "Free" else name.capitalize()

    assert create(actors.agent, {"name": name, "value": given}) == [{"name": expected, "value": stored}]


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("Text", True, "Expected text."),
        ("Text", ["a"], "Expected text."),
        ("Number", "12,5", "Expected a number."),
        ("Number", "1_000", "Expected a number."),
        ("Number", "\u0661", "Expected a number."),
        ("Number", "NaN", "Expected a number."),
        ("Number", "1e999", "Expected a finite number."),
        ("Number", "9" * 400, "Expected a number."),
        ("Number", 10**400, "Expected a finite number."),
        ("Number", True, "Expected a number."),
        ("Number", [1], "Expected a number."),
        ("Date", "31.01.2026", "Expected a date such as 2026-01-31."),
        ("Date", "2026-02-30", "Expected a date such as 2026-01-31."),
        ("Date", 20260131, "Expected a date such as 2026-01-31."),
        ("Boolean", "perhaps", "Expected true or false."),
        ("Boolean", 2, "Expected true or false."),
        ("Choice", "Medium", "Expected one of Small, Größe."),
        ("Choice", 1, "Expected one of Small, Größe."),
        ("Url", "javascript:alert(1)", "Expected a web address that starts with http:// or https://."),
        ("Url", "ftp://example.com", "Expected a web address that starts with http:// or https://."),
        ("Url", "example.com", "Expected a web address that starts with http:// or https://."),
    ],
)
def test_an_invalid_value_is_refused_by_its_path(actors, definitions, name, given, message):
    validation = refused(actors.agent, {"name": "free", "value": 1}, {"name": name, "data": given})

    assert validation == {"input.custom_fields.1.value": [message]}
    assert not Lead.objects.exists()


@pytest.mark.parametrize("model", CREATE)
def test_every_kind_of_record_has_definitions_of_its_own(company, other_company, actors, model):
    CustomFieldDefinitionFactory(company=company, model=model, name="size", kind="NUMBER")
    CustomFieldDefinitionFactory(company=other_company, model=model, name="free", kind="NUMBER")

    assert create(actors.agent, {"name": "Size", "value": "1"}, model=model) == [{"name": "size", "value": 1}]
    assert create(actors.agent, {"name": "free", "value": "x"}, model=model)
    assert refused(actors.agent, {"name": "size", "value": "x"}, model=model) == {
        "input.custom_fields.0.value": ["Expected a number."]
    }
    for other in CREATE.keys() - {model}:
        assert create(actors.agent, {"name": "size", "value": "x"}, model=other)


@pytest.mark.parametrize("model", CREATE)
def test_a_required_field_is_given_with_a_new_record(company, actors, model):
    CustomFieldDefinitionFactory(company=company, model=model, name="size", label="Size", required=True)
    required = ["Size: This field is required."]

    assert refused(actors.agent, model=model) == {"input.custom_fields": required}
    _name, _kind, values, rows = CREATE[model]
    without = refusal(document(model), actor=actors.agent, variables={"input": values})
    assert without["extensions"]["validation"] == {"input.custom_fields": required}
    assert refused(actors.agent, {"name": "SIZE", "value": None}, model=model) == {
        "input.custom_fields.0.value": ["This field is required."]
    }
    assert refused(actors.agent, {"name": "size", "value": " "}, model=model) == {
        "input.custom_fields.0.value": ["This field is required."]
    }
    assert not rows._default_manager.exists()

    assert create(actors.agent, {"name": "size", "value": "L"}, model=model)


def test_a_required_field_cannot_be_cleared(company, actors):
    CustomFieldDefinitionFactory(company=company, name="size", required=True)
    lead = LeadFactory(company=company, custom_fields={"size": "L", "other": 1})

    def error(fields: Any) -> dict[str, Any]:
        answer = refusal(
            UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": {"custom_fields": fields}}
        )
        return dict(answer["extensions"]["validation"])

    assert error([{"name": "size", "value": None}]) == {
        "input.custom_fields.0.value": ["This field is required."]
    }
    assert error(None) == {"input.custom_fields": ["size: This field is required."]}
    lead.refresh_from_db()
    assert lead.custom_fields == {"size": "L", "other": 1}

    data(
        UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": {"custom_fields": [{"name": "other"}]}}
    )
    lead.refresh_from_db()
    assert lead.custom_fields == {"size": "L"}


def test_a_record_from_before_a_definition_can_be_changed(company, actors):
    lead = LeadFactory(company=company, custom_fields={"size": ["odd"], "other": 1})
    CustomFieldDefinitionFactory(company=company, name="size", kind="NUMBER")
    CustomFieldDefinitionFactory(company=company, name="wanted", required=True)

    for values in ({"title": "New"}, {"custom_fields": [{"name": "other", "value": 2}]}):
        data(UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": values})

    lead.refresh_from_db()
    assert (lead.title, lead.custom_fields) == ("New", {"size": ["odd"], "other": 2})


def test_an_empty_text_is_no_value_for_a_defined_field(company, actors):
    CustomFieldDefinitionFactory(company=company, name="size", kind="NUMBER")
    lead = LeadFactory(company=company, custom_fields={"size": 1, "free": "x"})

    data(
        UPDATE,
        actor=actors.agent,
        variables={
            "id": lead.pk,
            "input": {"custom_fields": [{"name": "size", "value": ""}, {"name": "free", "value": ""}]},
        },
    )

    lead.refresh_from_db()
    assert lead.custom_fields == {"free": ""}


def test_only_the_given_field_is_checked_by_its_definition(company, actors):
    CustomFieldDefinitionFactory(company=company, name="size", kind="NUMBER", required=True)
    lead = LeadFactory(company=company, custom_fields={"size": 1})
    at = f"entity_type: LEAD, entity_id: {lead.pk}"

    error = refusal(
        f'mutation {{ setCustomField(input: {{name: "size", value: "x", {at}}}) }}', actor=actors.agent
    )
    assert error["extensions"]["validation"] == {"input.value": ["Expected a number."]}
    error = refusal(f'mutation {{ deleteCustomField(input: {{name: "size", {at}}}) }}', actor=actors.agent)
    assert error["extensions"]["validation"] == {"input.value": ["This field is required."]}

    data(f'mutation {{ setCustomField(input: {{name: "Size", value: "7", {at}}}) }}', actor=actors.agent)
    lead.refresh_from_db()
    assert lead.custom_fields == {"size": 7}


def test_definitions_are_read_together_with_the_company(company, actors):
    for number in range(3):
        CustomFieldDefinitionFactory(company=company, name=f"f{number}", kind="NUMBER")
    lead = LeadFactory(company=company)

    def reads(text: str, values: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            data(text, actor=actors.agent, variables=values)
        found = [query["sql"] for query in queries if "crm_customfielddefinition" in query["sql"]]
        assert all("crm_company" in text for text in found)
        return len(found)

    fields = [{"name": f"f{number}", "value": number} for number in range(3)]
    assert reads(document("LEAD"), {"input": {"title": "Deal", "custom_fields": fields}}) == 1
    assert reads(document("LEAD"), {"input": {"title": "Deal"}}) == 1
    assert reads(UPDATE, {"id": lead.pk, "input": {"title": "New"}}) == 1
    assert reads(UPDATE, {"id": lead.pk, "input": {"custom_fields": fields}}) == 1
