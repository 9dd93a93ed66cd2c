"""Deliveries to receivers without a template."""

import pytest

from leads.routing.plain import IDS, plain_draft


def test_keys_named_like_fields_of_a_lead_set_them():
    draft = plain_draft(
        {
            "title": "Deal",
            "description": "All",
            "firstname": "Jane",
            "lastname": "Doe",
            "email": "j@example.com",
        }
        | {"phone": 5550100, "company": "Acme"}
    )

    assert (draft.title, draft.description) == ("Deal", "All")
    assert draft.described_person() == {
        "firstname": "Jane",
        "lastname": "Doe",
        "contacts": [
            {"contacts_types_id": 1, "value": "j@example.com"},
            {"contacts_types_id": 2, "value": "5550100"},
        ],
    }
    assert (draft.email, draft.phone) == ("j@example.com", "5550100")
    assert draft.organization == {"name": "Acme"}
    assert draft.custom_fields == {}


def test_without_a_name_or_email_there_is_no_person():
    draft = plain_draft({"phone": "555", "note": "call me"})

    assert draft.described_person() is None
    assert draft.phone == "555"
    assert draft.custom_fields == {"note": "call me"}


def test_ids_are_ignored():
    ids = dict.fromkeys(IDS, 1)
    people = {"id": 1, "firstname": "Jane", "organizations_id": [1], "contacts": [{"id": 1, "value": "555"}]}

    draft = plain_draft({**ids, "participants_id": [1], "people": people, "organization": {"id": 1}})

    assert draft.custom_fields == {}
    assert draft.organization is None
    assert draft.person == {"firstname": "Jane", "contacts": [{"contacts_types_id": "2", "value": "555"}]}


def test_a_payload_may_describe_a_whole_person():
    people = {
        "firstname": "Jane",
        "organization": "Acme",
        "contacts": [{"contacts_types_id": 3, "value": "1"}, {"value": "j@example.com"}, {"value": ""}, "x"],
        "address": {"city": "Rome", "planet": "Earth"},
        "custom_fields": [{"name": "Segment", "data": "A"}],
    }

    draft = plain_draft({"people": people})

    assert draft.person == {
        "firstname": "Jane",
        "organization": "Acme",
        "contacts": [
            {"contacts_types_id": "3", "value": "1"},
            {"contacts_types_id": "1", "value": "j@example.com"},
        ],
        "address": [{"city": "Rome"}],
        "custom_fields": [{"name": "Segment", "value": "A"}],
    }
    assert draft.title_or("Contact form") == "Jane"


@pytest.mark.parametrize(
    "given",
    [{"Budget": 5}, [{"name": "Budget", "value": 5}], [{"name": "Budget", "data": 5}, "x", {"value": 1}]],
)
def test_custom_fields_may_be_an_object_or_a_list(given):
    assert plain_draft({"custom_fields": given, "other": [1]}).custom_fields == {"Budget": 5, "other": [1]}


def test_a_value_of_an_unexpected_type_becomes_a_custom_field():
    payload = {"people": "Jane", "custom_fields": 5, "title": ["x"], "company": [1]}

    assert plain_draft(payload).custom_fields == payload


def test_a_missing_title_is_derived():
    assert plain_draft({"firstname": "Jane", "lastname": "Doe"}).title_or("Form") == "Jane Doe"
    assert plain_draft({"lastname": "Doe"}).title_or("Form") == "Doe"
    assert plain_draft({"email": "j@example.com"}).title_or("Form") == "Form"
