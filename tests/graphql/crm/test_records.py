"""Tags and custom fields of every kind of record; ``me``."""

import pytest

from crm.models import Tag
from tests.clients import data, refusal
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory

pytestmark = pytest.mark.django_db

KINDS = {"LEAD": LeadFactory, "PEOPLE": PersonFactory, "ORGANIZATION": OrganizationFactory}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_tags_are_attached_and_detached(actors, company, kind):
    record, tag = KINDS[kind](company=company), TagFactory(company=company)
    values = f"{{tag_id: {tag.pk}, entity_type: {kind}, entity_id: {record.pk}}}"

    for _ in range(2):
        data(f"mutation {{ attachTagToEntity(input: {values}) }}", actor=actors.agent)
    assert list(record.tags.all()) == [tag]
    data(f"mutation {{ detachTagFromEntity(input: {values}) }}", actor=actors.agent)

    assert not record.tags.exists()


@pytest.mark.parametrize(("argument", "other"), [("tag_id", "entity_id"), ("entity_id", "tag_id")])
def test_unknown_ids_are_named(actors, company, kind, argument, other):
    record, tag = KINDS[kind](company=company), TagFactory(company=company)
    keys = {"tag_id": tag.pk, "entity_id": record.pk} | {argument: 4711}
    values = f"{{tag_id: {keys['tag_id']}, entity_type: {kind}, entity_id: {keys['entity_id']}}}"

    error = refusal(f"mutation {{ attachTagToEntity(input: {values}) }}", actor=actors.agent)

    assert error["extensions"] == {"code": "NOT_FOUND", "argument": f"input.{argument}"}


def test_custom_fields_are_set_one_by_one(actors, company, kind):
    record = KINDS[kind](company=company, custom_fields={"kept": [1, {"a": None}]})
    at = f"entity_type: {kind}, entity_id: {record.pk}"

    data(f'mutation {{ setCustomField(input: {{name: "size", data: "50000", {at}}}) }}', actor=actors.agent)
    record.refresh_from_db()
    assert record.custom_fields == {"kept": [1, {"a": None}], "size": "50000"}
    data(f'mutation {{ deleteCustomField(input: {{name: "kept", {at}}}) }}', actor=actors.agent)

    record.refresh_from_db()
    assert record.custom_fields == {"size": "50000"}


@pytest.mark.parametrize("literal", ['"a"', "1.5", "true", "[1, 2]", '{deep: ["x"]}'])
def test_a_custom_field_is_any_value(actors, company, literal):
    lead = LeadFactory(company=company)
    at = f"entity_type: LEAD, entity_id: {lead.pk}"

    data(f'mutation {{ setCustomField(input: {{name: "v", value: {literal}, {at}}}) }}', actor=actors.agent)

    lead.refresh_from_db()
    expected = {"a": "a"}.get(literal.strip('"')) or {
        "1.5": 1.5,
        "true": True,
        "[1, 2]": [1, 2],
        '{deep: ["x"]}': {"deep": ["x"]},
    }[literal]
    assert lead.custom_fields == {"v": expected}


def test_tag_names_are_unique_without_case(actors, company):
    TagFactory(company=company, name="VIP")

    error = refusal('mutation { createTag(input: {name: "vip"}) { id } }', actor=actors.agent)

    assert error["extensions"]["code"] == "VALIDATION"
    assert set(error["extensions"]["validation"]) <= {"input", "input.name", "input.slug"}
    assert Tag.objects.count() == 1


def test_tags_are_created_renamed_and_deleted(actors, company):
    created = data('mutation { createTag(input: {name: "Hot Lead"}) { id slug } }', actor=actors.agent)[
        "createTag"
    ]
    lead = LeadFactory(company=company)
    lead.tags.add(created["id"])

    renamed = data(
        f'mutation {{ updateTag(id: {created["id"]}, input: {{name: "Warm", weight: 3}})'
        " { name weight } }",
        actor=actors.agent,
    )["updateTag"]
    deleted = data(f"mutation {{ deleteTag(id: {created['id']}) }}", actor=actors.agent)

    assert created["slug"] == "hot-lead"
    assert renamed == {"name": "Warm", "weight": 3}
    assert deleted == {"deleteTag": True}
    assert not lead.tags.exists()


@pytest.mark.parametrize("role", ["viewer", "agent", "manager", "admin"])
def test_me(actors, company, role):
    answer = data("{ me { role displayname } currentCompany { name my_role } }", actor=getattr(actors, role))

    assert answer == {
        "me": {"role": role.upper(), "displayname": f"{role}@tenant"},
        "currentCompany": {"name": company.name, "my_role": role.upper()},
    }
