"""Templates: how they map payloads, and which are refused."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.routing.drafts import Draft, text_of
from leads.routing.template import TYPES, compile_template, look_up, map_payload


def drafted(template: dict[str, Any], payload: dict[str, Any], **options: Any) -> Draft:
    return map_payload(payload, compile_template(template), **options)


def string(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", **more}


def custom(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "customField", **more}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", 1),
        ("b.c", 2),
        (" b . c ", 2),
        ("b.d.0.e", 3),
        ("b.d.1", "x"),
        ("b.d.2", None),
        ("b.d.-1", None),
        ("b.d.e", None),
        ("a.x", None),
        ("dotted.key", "as it is"),
        ("nothing", None),
        ("3", "number"),
    ],
)
def test_paths(path, found):
    payload = {"a": 1, "b": {"c": 2, "d": [{"e": 3}, "x"]}, "dotted.key": "as it is", "3": "number"}

    assert look_up(payload, path) == found


def test_a_literal_key_comes_before_a_path():
    assert look_up({"a.b": 1, "a": {"b": 2}}, "a.b") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (" x ", "x"), (5, "5"), (0, "0"), (1.5, "1.5")]
    + [(value, None) for value in (None, "", "  ", True, False, [], ["x"], {}, {"x": 1})],
)
def test_only_texts_and_numbers_are_values(value, text):
    assert text_of(value) == text
    assert drafted({"k": custom("field", default="none")}, {"k": value}).custom_fields["field"] == (
        text or "none"
    )


def test_a_number_may_be_the_default():
    assert drafted({"k": custom("field", default=7)}, {}).custom_fields == {"field": "7"}


def test_strings_set_the_fields_of_their_names():
    names = ("firstname", "lastname", "title", "description", "company", "zip")
    draft = drafted(
        {f"in.{name}": string(name) for name in names}, {"in": {name: f"the {name}" for name in names}}
    )

    assert (draft.firstname, draft.lastname) == ("the firstname", "the lastname")
    assert (draft.title, draft.description) == ("the title", "the description")
    assert draft.organization == {"name": "the company"}
    assert draft.custom_fields["zip"] == "the zip"


def test_contacts_have_the_order_of_the_template():
    template = {"p": string("phone"), "e": string("email"), "q": string("phone")}

    draft = drafted(template, {"e": "a@example.com", "q": "2", "p": "1"})

    assert draft.contacts == [
        {"contacts_types_id": 2, "value": "1"},
        {"contacts_types_id": 1, "value": "a@example.com"},
        {"contacts_types_id": 2, "value": "2"},
    ]
    assert (draft.email, draft.phone) == ("a@example.com", "1")


def test_a_regex_extracts_from_the_value():
    template = {
        "a": {"name": "firstname", "type": "regex", "pattern": "name: (.+)"},
        "b": {"name": "lastname", "type": "regex"},
        "c": {"name": "title", "type": "regex", "pattern": "nowhere"},
        "d": custom("zip", pattern="/[0-9]{5}/"),
        "e": custom("none", pattern="nowhere"),
    }

    draft = drafted(template, {"a": "name: Jane", "b": "Doe", "c": "text", "d": "NY 10001", "e": "text"})

    assert (draft.firstname, draft.lastname, draft.title) == ("Jane", "Doe", None)
    assert draft.custom_fields["zip"] == "10001"
    assert "none" not in draft.custom_fields


def test_a_slow_pattern_refuses_the_payload():
    template = {"text": {"name": "title", "type": "regex", "pattern": r"(\w+)\s*(\w+)\s*:(\d+)"}}

    with pytest.raises(ValidationError) as refused:
        drafted(template, {"text": "a" * 1999 + ":"})

    assert refused.value.message_dict == {"text": ["The pattern took too long on this value."]}


def test_unmapped_keys_keep_their_type_and_renamed_keys_both_names():
    payload = {"first": "Jane", "n": 5, "flag": True, "list": [1], "object": {"a": None}}

    draft = drafted({"first": string("firstname"), "n": custom("number")}, payload)

    assert draft.firstname == "Jane"
    assert draft.custom_fields == {
        "first": "Jane",
        "n": 5,
        "number": "5",
        "flag": True,
        "list": [1],
        "object": {"a": None},
    }


def test_mapped_names_and_skipped_keys_become_no_custom_fields():
    draft = drafted({"a": custom("b")}, {"a": "1", "b": "2", "website": "spam"}, skip={"website"})

    assert draft.custom_fields == {"a": "1", "b": "1"}


@pytest.mark.parametrize("key", ["company", "organization"])
def test_the_key_of_the_organization_becomes_no_custom_field(key):
    draft = drafted({}, {key: " Acme "})

    assert draft.organization == {"name": "Acme"}
    assert draft.custom_fields == {}


def test_an_unused_company_becomes_a_custom_field():
    draft = drafted({"org": string("organization")}, {"org": "Acme", "company": "Other"})

    assert draft.organization == {"name": "Acme"}
    assert draft.custom_fields == {"org": "Acme", "company": "Other"}


@pytest.mark.parametrize("key", ["Member", "member", "Member_Id", "member_id"])
def test_the_member_id_is_read_from_each_of_its_keys(key):
    assert drafted({}, {key: 17}).member_id == "17"


PEOPLE = {
    "owner": {
        "type": "function",
        "function": "setPeople",
        "json": {
            "name": "person.first person.last",
            "organization": "person.org",
            "contacts": [
                {"contacts_types_id": 1, "value": "person.mail"},
                {"contacts_types_id": 2, "value": "person.tel"},
            ],
            "address": [{"city": "person.city", "zip": "person.zip"}],
        },
    }
}
PERSON = {
    "first": "Jane",
    "last": "van Doe",
    "org": "Acme",
    "mail": "jane@example.com",
    "tel": "555",
    "city": "Rome",
}


def test_set_people_fills_in_a_person():
    draft = drafted(PEOPLE, {"person": PERSON})

    assert (draft.firstname, draft.lastname) == ("Jane", "van Doe")
    assert draft.organization == {"name": "Acme"}
    assert draft.contacts == [
        {"contacts_types_id": 1, "value": "jane@example.com"},
        {"contacts_types_id": 2, "value": "555"},
    ]
    assert draft.addresses == [{"city": "Rome"}]


def test_set_people_does_not_replace_other_entries():
    template = {"f": string("firstname"), "m": string("email"), "o": string("company"), **PEOPLE}

    draft = drafted(template, {"f": "John", "m": "john@example.com", "o": "Other", "person": PERSON})

    assert (draft.firstname, draft.lastname) == ("John", None)
    assert draft.organization == {"name": "Other"}
    assert [contact["value"] for contact in draft.contacts] == ["john@example.com", "555"]


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ([], "template"),
        ("text", "template"),
        ({"": string("a")}, "template"),
        ({"k" * 256: string("a")}, "template"),
        ({f"k{number}": string("a") for number in range(201)}, "template"),
        ({"k": "firstname"}, "template.k"),
        ({"k": {"name": "a"}}, "template.k.type"),
        ({"k": {"name": "a", "type": "code"}}, "template.k.type"),
        ({"k": {"type": "string"}}, "template.k.name"),
        ({"k": string(" ")}, "template.k.name"),
        ({"k": string("a" * 101)}, "template.k.name"),
        ({"k": string("a", default=[1])}, "template.k.default"),
        ({"k": string("a", default=True)}, "template.k.default"),
        ({"k": string("a", pattern="a")}, "template.k.pattern"),
        ({"k": custom("a", pattern=5)}, "template.k.pattern"),
        ({"k": custom("a", pattern="(a+)+")}, "template.k.pattern"),
        ({"a.b": custom("a", pattern="(")}, "template.a.b.pattern"),
        ({"auth.password": custom("a")}, "template.auth.password"),
        ({"k": {"type": "function", "function": "system", "json": {}}}, "template.k.function"),
        ({"k": {"type": "function", "name": "setPeople", "json": {}}}, "template.k.function"),
        ({"k": {"type": "function", "function": "setPeople"}}, "template.k.json"),
        ({"k": {"type": "function", "function": "setPeople", "json": {"name": 1}}}, "template.k.json.name"),
        (
            {"k": {"type": "function", "function": "setPeople", "json": {"contacts": ["a"]}}},
            "template.k.json.contacts",
        ),
        (
            {"k": {"type": "function", "function": "setPeople", "json": {"address": {"planet": "a"}}}},
            "template.k.json.address.planet",
        ),
    ],
)
def test_invalid_templates(template, place):
    with pytest.raises(ValidationError) as refused:
        compile_template(template)

    assert list(refused.value.message_dict) == [place]


TEXT = "ab01. @\u00e9"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(TEXT, max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(TEXT, max_size=6), below, max_size=3),
    max_leaves=8,
)
PATHS = st.text(alphabet="ab.0 1", min_size=1, max_size=8).filter(str.strip)
ENTRIES = st.fixed_dictionaries(
    {"name": st.sampled_from(["firstname", "email", "phone", "title", "company", "a", "b"])},
    optional={"default": st.text(TEXT, max_size=3)},
).flatmap(lambda entry: st.sampled_from(TYPES[:3]).map(lambda kind: {**entry, "type": kind}))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    template=st.dictionaries(PATHS, ENTRIES, max_size=4),
    payload=st.dictionaries(st.sampled_from(["a", "b", "a.0", "company", "x"]), JSON, max_size=4),
)
def test_every_payload_can_be_mapped_without_losing_a_key(template, payload):
    draft = drafted(template, payload)

    names = {entry["name"].strip() for entry in template.values()}
    for key, value in payload.items():
        if key in names or key == "company":
            continue
        assert draft.custom_fields[key] == value
    assert all(contact["value"].strip() for contact in draft.contacts)
    for name in ("firstname", "title", "email", "phone"):
        assert getattr(draft, name) is None or getattr(draft, name).strip()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=JSON)
def test_every_template_is_compiled_or_refused(raw):
    places = []
    try:
        compile_template(raw)
    except ValidationError as refused:
        places = list(refused.message_dict)
    assert all(place.startswith("template") for place in places)
