"""Definitions of custom fields through the API."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import CustomFieldDefinition, HistoryEntry
from tests.clients import data, refusal
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory

pytestmark = pytest.mark.django_db

FIELDS = "id model name label kind choices required weight"
CREATE = (
    "mutation($input: CustomFieldDefinitionInput!)"
    f" {{ createCustomFieldDefinition(input: $input) {{ {FIELDS} }} }}"
)
UPDATE = (
    "mutation($id: ID!, $input: CustomFieldDefinitionInput!)"
    f" {{ updateCustomFieldDefinition(id: $id, input: $input) {{ {FIELDS} }} }}"
)
DELETE = "mutation($id: ID!) { deleteCustomFieldDefinition(id: $id) }"
KINDS = {"LEAD": LeadFactory, "PEOPLE": PersonFactory, "ORGANIZATION": OrganizationFactory}


def create(actor: Any, **values: Any) -> dict[str, Any]:
    created = data(CREATE, actor=actor, variables={"input": {"model": "LEAD", **values}})
    return dict(created["createCustomFieldDefinition"])


def update(actor: Any, key: object, **values: Any) -> dict[str, Any]:
    changed = data(UPDATE, actor=actor, variables={"id": key, "input": values})
    return dict(changed["updateCustomFieldDefinition"])


def refused(document: str, actor: Any, **variables: Any) -> dict[str, Any]:
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    return extensions


def fields_of(record: Any) -> dict[str, Any]:
    record.refresh_from_db()
    fields: dict[str, Any] = record.custom_fields
    return fields


def test_a_definition_is_created_updated_and_deleted(actors):
    created = create(
        actors.manager, name=" Size ", kind="CHOICE", choices=["Small", " Large "], required=True, weight=3
    )
    assert created == {
        "id": created["id"],
        "model": "LEAD",
        "name": "Size",
        "label": None,
        "kind": "CHOICE",
        "choices": ["Small", "Large"],
        "required": True,
        "weight": 3,
    }

    changed = update(actors.manager, created["id"], label="How large", required=False)
    assert changed == {**created, "label": "How large", "required": False}

    assert data(DELETE, actor=actors.manager, variables={"id": created["id"]}) == {
        "deleteCustomFieldDefinition": True
    }
    assert not CustomFieldDefinition.objects.exists()


def test_a_name_and_a_kind_of_record_are_enough(actors):
    created = create(actors.manager, name="Notes")

    assert (created["kind"], created["choices"], created["required"], created["weight"]) == (
        "TEXT",
        [],
        False,
        0,
    )


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"model": "LEAD"}, "input.name"),
        ({"model": "LEAD", "name": " "}, "input.name"),
        ({"name": "Size"}, "input.model"),
        ({"model": "LEAD", "name": "x" * 101}, "input.name"),
        ({"model": "LEAD", "name": "BUDGET"}, "input.name"),
        ({"model": "LEAD", "name": "Size", "kind": None}, "input.kind"),
        ({"model": "LEAD", "name": "Size", "required": None}, "input.required"),
        ({"model": "LEAD", "name": "Size", "kind": "CHOICE"}, "input.choices"),
        ({"model": "LEAD", "name": "Size", "kind": "CHOICE", "choices": []}, "input.choices"),
        ({"model": "LEAD", "name": "Size", "kind": "CHOICE", "choices": ["a", "A"]}, "input.choices"),
        ({"model": "LEAD", "name": "Size", "kind": "CHOICE", "choices": ["a", ""]}, "input.choices"),
        ({"model": "LEAD", "name": "Size", "kind": "CHOICE", "choices": ["x" * 101]}, "input.choices"),
    ],
)
def test_rules_of_a_definition(company, actors, values, path):
    CustomFieldDefinitionFactory(company=company, name="Budget")

    extensions = refused(CREATE, actors.manager, input=values)

    assert (extensions["code"], list(extensions["validation"])) == ("VALIDATION", [path])
    assert CustomFieldDefinition.objects.count() == 1


def test_a_name_is_unique_in_its_company_and_kind_of_record(other_company, company, actors):
    CustomFieldDefinitionFactory(company=other_company, name="Budget")
    create(actors.manager, name="Budget")

    create(actors.manager, name="Budget", model="PEOPLE")

    assert CustomFieldDefinition.objects.filter(company=company).count() == 2


def test_agents_define_nothing(company, actors):
    definition = CustomFieldDefinitionFactory(company=company)
    for document, variables in (
        (CREATE, {"input": {"model": "LEAD", "name": "x"}}),
        (UPDATE, {"id": definition.pk, "input": {"name": "x"}}),
        (DELETE, {"id": definition.pk}),
    ):
        assert refused(document, actors.agent, **variables) == {"code": "FORBIDDEN"}

    assert CustomFieldDefinition.objects.get().name == definition.name


def test_definitions_of_another_company_do_not_exist(other_company, actors):
    definition = CustomFieldDefinitionFactory(company=other_company)
    missing = {"code": "NOT_FOUND", "argument": "id"}

    assert refused(UPDATE, actors.manager, id=definition.pk, input={"name": "x"}) == missing
    assert refused(DELETE, actors.manager, id=definition.pk) == missing
    assert data("{ customFieldDefinitions { data { id } } }", actor=actors.viewer) == {
        "customFieldDefinitions": {"data": []}
    }


def test_the_list_is_narrowed_and_ordered(company, actors):
    for name, model, kind in (("b", "LEAD", "TEXT"), ("a", "LEAD", "NUMBER"), ("c", "PEOPLE", "TEXT")):
        CustomFieldDefinitionFactory(company=company, name=name, model=model, kind=kind)

    def names(where: str) -> list[str]:
        document = (
            f"{{ customFieldDefinitions(where: {where}, orderBy: {{column: NAME, order: ASC}})"
            " { data { name } } }"
        )
        rows = data(document, actor=actors.viewer)["customFieldDefinitions"]["data"]
        return [row["name"] for row in rows]

    assert names('{column: MODEL, value: "LEAD"}') == ["a", "b"]
    assert names('{column: KIND, value: "text"}') == ["b", "c"]
    assert names('{column: NAME, operator: LIKE, value: "A"}') == ["a"]


@pytest.mark.parametrize("model", KINDS)
def test_a_new_definition_normalizes_stored_values(company, other_company, actors, model):
    record = KINDS[model](company=company, custom_fields={"BUDGET": "42", "kept": 1})
    deleted = KINDS[model](company=company, custom_fields={"budget": "7"}, deleted_at=timezone.now())
    fitting = KINDS[model](company=company, custom_fields={"budget": 5})
    foreign = KINDS[model](company=other_company, custom_fields={"BUDGET": "42"})

    create(actors.manager, name="budget", kind="NUMBER", model=model)

    assert fields_of(record) == {"budget": 42, "kept": 1}
    assert fields_of(deleted) == {"budget": 7}
    assert fields_of(foreign) == {"BUDGET": "42"}
    assert (record.version, fields_of(fitting), fitting.version) == (2, {"budget": 5}, 1)
    entries = HistoryEntry.objects.filter(object_id=record.pk, kind="UPDATED", company=company)
    assert [entry.changes for entry in entries] == [
        {"custom_fields.BUDGET": ["42", None], "custom_fields.budget": [None, 42]}
    ]


def test_invalid_values_prevent_a_definition(company, actors):
    leads = [LeadFactory(company=company, custom_fields={"budget": value}) for value in ("x", [1], "42")]

    extensions = refused(CREATE, actors.manager, input={"model": "LEAD", "name": "budget", "kind": "NUMBER"})

    assert extensions == {"code": "CONFLICT", "reason": "IN_USE", "count": 2}
    assert not CustomFieldDefinition.objects.exists()
    assert [fields_of(lead)["budget"] for lead in leads] == ["x", [1], "42"]


def test_two_spellings_in_one_record_prevent_a_definition(company, actors):
    LeadFactory(company=company, custom_fields={"budget": 1, "Budget": 2})

    extensions = refused(CREATE, actors.manager, input={"model": "LEAD", "name": "budget"})

    assert extensions == {"code": "CONFLICT", "reason": "IN_USE", "count": 1}


def test_renaming_a_definition_renames_the_field_in_records(company, actors):
    definition = CustomFieldDefinitionFactory(company=company, name="budget", kind="NUMBER")
    lead = LeadFactory(company=company, custom_fields={"budget": 42, "other": "x"})

    update(actors.manager, definition.pk, name="deal_value")

    assert fields_of(lead) == {"deal_value": 42, "other": "x"}


def test_renaming_to_a_field_that_a_record_has_is_refused(company, actors):
    definition = CustomFieldDefinitionFactory(company=company, name="budget")
    lead = LeadFactory(company=company, custom_fields={"budget": "1", "other": "2"})

    extensions = refused(UPDATE, actors.manager, id=definition.pk, input={"name": "other"})

    assert extensions == {"code": "CONFLICT", "reason": "IN_USE", "count": 1}
    definition.refresh_from_db()
    assert (definition.name, fields_of(lead)) == ("budget", {"budget": "1", "other": "2"})


def test_a_kind_changes_where_all_values_fit(company, actors):
    definition = CustomFieldDefinitionFactory(company=company, name="budget")
    lead = LeadFactory(company=company, custom_fields={"budget": "42.5"})

    assert update(actors.manager, definition.pk, kind="NUMBER")["kind"] == "NUMBER"
    assert fields_of(lead) == {"budget": 42.5}

    extensions = refused(UPDATE, actors.manager, id=definition.pk, input={"kind": "DATE"})
    assert extensions == {"code": "CONFLICT", "reason": "IN_USE", "count": 1}
    definition.refresh_from_db()
    assert definition.kind == "NUMBER"


def test_a_choice_in_use_stays(company, actors):
    definition = CustomFieldDefinitionFactory(
        company=company, name="size", kind="CHOICE", choices=["Small", "Large"]
    )
    lead = LeadFactory(company=company, custom_fields={"size": "Large"})

    assert refused(UPDATE, actors.manager, id=definition.pk, input={"choices": ["Small"]}) == {
        "code": "CONFLICT",
        "reason": "IN_USE",
        "count": 1,
    }
    update(actors.manager, definition.pk, choices=["LARGE", "Huge"])

    assert fields_of(lead) == {"size": "LARGE"}


def test_a_definition_keeps_its_kind_of_record(company, actors):
    definition = CustomFieldDefinitionFactory(company=company)

    extensions = refused(UPDATE, actors.manager, id=definition.pk, input={"model": "PEOPLE"})

    assert list(extensions["validation"]) == ["input.model"]


def test_values_outlive_their_definition(company, actors):
    definition = CustomFieldDefinitionFactory(company=company, name="budget", kind="NUMBER")
    lead = LeadFactory(company=company, custom_fields={"budget": 42})

    data(DELETE, actor=actors.manager, variables={"id": definition.pk})

    assert fields_of(lead) == {"budget": 42}


def test_statements_do_not_depend_on_the_records(company, actors):
    def statements(name: str, number: int) -> int:
        for _ in range(number):
            LeadFactory(company=company, custom_fields={name: "1"})
        with CaptureQueriesContext(connection) as queries:
            create(actors.manager, name=name, kind="NUMBER")
        return len(queries)

    # Django looks up content types once in a process.
    statements("first", 1)
    few = statements("few", 2)

    assert statements("many", 20) == few


def test_one_or_all_custom_fields_of_a_record_are_queried(company, other_company, actors):
    for model, make in KINDS.items():
        record = make(company=company, custom_fields={"b": [1], "a": "x"})
        foreign = make(company=other_company, custom_fields={"a": "y"})

        def query(key: int, model: str = model) -> str:
            at = f"entity_type: {model}, entity_id: {key}"
            one, none = (f'customField(name: "{name}", {at})' for name in "bc")
            return f"{{ {one} none: {none} customFields({at}) {{ name value }} }}"

        assert data(query(record.pk), actor=actors.viewer) == {
            "customField": [1],
            "none": None,
            "customFields": [{"name": "a", "value": "x"}, {"name": "b", "value": [1]}],
        }
        at = f"entity_type: {model}, entity_id: {foreign.pk}"
        assert refusal(f"{{ customFields({at}) {{ name }} }}", actor=actors.viewer)["extensions"] == {
            "code": "NOT_FOUND",
            "argument": "entity_id",
        }
