"""The e-mail and phone of a lead: one rule, through every door that a person uses."""

import pytest

from leads.models import Lead
from tests.doors import AdminDoor, GraphQLDoor, ImportDoor
from tests.each_case import each_case
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory
from tests.module_tenant import made_tenant, tenant
from tests.stored import read_all, without_ledger

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
CREATORS = [GraphQLDoor, AdminDoor, ImportDoor]
EDITORS = [GraphQLDoor, AdminDoor]
NO_PHONE = "Enter a phone number, with at least three digits."
SEVERAL = "Enter one phone number here, and each further one as a contact of its own."
DAMAGED = "A spreadsheet shortened this number and its digits are lost: format the column as text."
PHONE_CONTROLS = "A phone number holds no line ends or other control characters."
NO_EMAIL = "Enter a valid email address."
EMAIL_CONTROLS = "An e-mail address holds no line ends or other control characters."
LONG_LOCAL = "The part of an e-mail address before the @ has at most 64 characters."
FAULTS = [
    ("phone", "call me", NO_PHONE),
    ("phone", "n/a", NO_PHONE),
    ("phone", "1-2", NO_PHONE),
    ("phone", "4.9E+11", DAMAGED),
    ("phone", "4,91512e+12", DAMAGED),
    ("phone", "415-555-4444 / 415-555-5555", SEVERAL),
    ("phone", "415-555-4444; 415-555-5555", SEVERAL),
    ("phone", "415 555\x074444", PHONE_CONTROLS),
    ("phone", "415 555\t4444", PHONE_CONTROLS),
    ("email", "jane", NO_EMAIL),
    ("email", "jane@", NO_EMAIL),
    ("email", "a@b@example.com", NO_EMAIL),
    ("email", "x" * 65 + "@example.com", LONG_LOCAL),
    ("email", "jane\x07@example.com", EMAIL_CONTROLS),
    ("email", "jane@example.com\nBcc: x@example.com", EMAIL_CONTROLS),
]


@pytest.fixture(params=CREATORS, ids=lambda door: door.name.value)
def creator(request, tenant):
    return request.param(tenant)


@pytest.fixture(params=EDITORS, ids=lambda door: door.name.value)
def editor(request, tenant):
    return request.param(tenant)


@each_case(("field", "text", "said"), FAULTS)
def test_a_new_lead_is_refused(creator, field, text, said):
    before = read_all()

    outcome = creator.create_lead({"title": "Deal", field: text})

    if isinstance(creator, ImportDoor) and text == "n/a":
        # A cell that says that there is none is empty.
        assert outcome.errors == {}
        return
    if isinstance(creator, ImportDoor) and text.count("@example.com") > 1:
        said = "Several addresses in one cell: say what parts them, such as --split email=';'"
    assert outcome.errors == {field: [said]}
    assert without_ledger(read_all()) == without_ledger(before)


@each_case(("field", "text", "said"), FAULTS)
def test_a_change_is_refused(editor, company, field, text, said):
    lead = LeadFactory(company=company, email="kept@example.com", phone="555 0100")

    assert editor.update_lead(lead, {field: text}, version=1).errors == {field: [said]}
    assert Lead.objects.values("email", "phone", "version").get() == {
        "email": "kept@example.com",
        "phone": "555 0100",
        "version": 1,
    }


@each_case(
    ("typed", "stored", "canonical"),
    [
        ("4155550177.0", "4155550177", "+14155550177"),
        ("+4155550177.00", "+4155550177", None),
        ("555-7777", "555-7777", None),
        ("+1-555-0100", "+1-555-0100", None),
        (" 415 555 0177 ", "415 555 0177", "+14155550177"),
        ("415 555 0177 ext. 5", "415 555 0177 ext. 5", "+14155550177;ext=5"),
    ],
)
def test_what_is_stored(creator, typed, stored, canonical):
    lead = creator.create_lead({"title": "Deal", "phone": typed}).row

    assert lead.phone == stored
    if canonical is not None:
        assert lead.phone_canonical == canonical


@each_case("email", ["x" * 64 + "@example.com", "anna@bücher.example", "o'neil+x@example.com"])
def test_valid_emails(creator, email):
    assert creator.create_lead({"title": "Deal", "email": email}).row.email == email


def test_stored_faults_block_no_other_change(editor, company):
    lead = LeadFactory(company=company, email="from before", phone="n/a")

    changed = editor.update_lead(lead, {"title": "Better"}, version=1)

    assert (changed.row.title, changed.row.email, changed.row.phone) == ("Better", "from before", "n/a")
    assert list(editor.update_lead(lead, {"phone": "n/a?"}, version=2).errors) == ["phone"]


def test_the_phone_of_a_person_is_copied_as_it_is(creator, company):
    person = PersonFactory(company=company, firstname="Jane", email="jane@example.com")

    lead = creator.create_lead({"title": "Deal", "person": person}).row

    assert lead.email == "jane@example.com"
