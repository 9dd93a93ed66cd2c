"""E-mails and phones in deliveries: a text that is none loses no lead, and makes no contact."""

import pytest

from leads.models import Lead, ReceiverAttempt
from people.models import Contact, ContactKind, Person
from tests.clients import data
from tests.factories.people import ContactTypeFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver, deliver_body

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
FORM = "application/x-www-form-urlencoded"
TEST = """mutation ($id: ID!, $payload: JSON!) {
  testLeadReceiver(id: $id, payload: $payload) { accepted draft errors } }"""
TEMPLATE = {
    "mail": {"name": "email", "type": "string"},
    "tel": {"name": "phone", "type": "string"},
    "fn": {"name": "firstname", "type": "string"},
}
NO_PHONES = [
    "call me",
    "n/a",
    "-",
    "12",
    "4.91512E+12",
    "415-555-4444 / 415-555-5555",
    "+1 415 555 0100\n+1 415 555 0101",
    "+1\x07415 555 0100",
    "+1 415 555 0100 " + "x" * 60,
]
NO_EMAILS = [
    "no address",
    "jane@",
    "@example.com",
    "a@b@example.com",
    "x" * 65 + "@example.com",
    "j\x07@a.example",
]


@pytest.mark.parametrize("text", NO_PHONES)
@pytest.mark.parametrize("template", [None, TEMPLATE])
def test_a_text_that_is_no_phone(receiver, text, template):
    receiver.template = template
    receiver.save()
    payload = {"fn": "Jane", "tel": text} if template else {"firstname": "Jane", "phone": text}

    assert deliver(receiver, payload).status_code == 200

    lead = Lead.objects.get()
    shown = text.replace("\n", " ").replace("\x07", "")
    assert (lead.phone, lead.description) == (None, f"Phone: {shown}")
    assert not Contact.objects.exists()
    assert lead.person is not None
    assert ReceiverAttempt.objects.get().payload == payload


@pytest.mark.parametrize("text", NO_EMAILS)
@pytest.mark.parametrize("template", [None, TEMPLATE])
def test_a_text_that_is_no_email(receiver, text, template):
    receiver.template = template
    receiver.save()
    payload = {"fn": "Jane", "mail": text} if template else {"firstname": "Jane", "email": text}

    assert deliver(receiver, payload).status_code == 200

    lead = Lead.objects.get()
    shown = text.replace("\x07", "")
    assert (lead.email, lead.description) == (None, f"E-mail: {shown}")
    assert not Contact.objects.exists()
    assert Person.objects.get().email is None


def test_a_sender_of_whom_nothing_else_is_known_makes_no_person(receiver):
    assert deliver(receiver, {"email": "none of your business", "phone": "secret"}).status_code == 200

    lead = Lead.objects.get()
    assert (lead.person, lead.title) == (None, receiver.name)
    assert lead.description == "E-mail: none of your business\nPhone: secret"
    assert not Person.objects.exists()


def test_it_follows_a_description(receiver):
    deliver(receiver, {"firstname": "Jane", "description": "Hello", "phone": "call me"})

    assert Lead.objects.get().description == "Hello\nPhone: call me"


def test_a_long_text_is_cut_and_stays_in_the_attempt(receiver):
    text = "no address " * 12_000

    assert (
        deliver(receiver, {"firstname": "Jane", "description": "x" * 99_990, "email": text}).status_code
        == 200
    )

    assert len(Lead.objects.get().description or "") == 100_000
    assert ReceiverAttempt.objects.get().payload["email"] == text


@pytest.mark.parametrize(
    ("people", "description", "contacts"),
    [
        ({"firstname": "Jane", "email": "no address"}, "E-mail: no address", []),
        (
            {"firstname": "Jane", "contacts": [{"contacts_types_id": 2, "value": "call me"}]},
            "Phone: call me",
            [],
        ),
        ({"firstname": "Jane", "contacts": [{"contacts_types_id": 3, "value": "n/a"}]}, "Cellphone: n/a", []),
        ({"firstname": "Jane", "contacts": [{"contacts_types_id": 1, "value": "none"}]}, "E-mail: none", []),
        (
            {
                "firstname": "Jane",
                "contacts": [
                    {"contacts_types_id": 1, "value": "j@a.example"},
                    {"contacts_types_id": 2, "value": "x"},
                ],
            },
            "Phone: x",
            ["j@a.example"],
        ),
        ({"firstname": "Jane", "contacts": [{"value": "2025550100.0"}]}, None, ["2025550100"]),
    ],
)
def test_a_nested_person(receiver, people, description, contacts):
    assert deliver(receiver, {"title": "Deal", "people": people}).status_code == 200

    assert Lead.objects.get().description == description
    assert Person.objects.get().firstname == "Jane"
    assert list(Contact.objects.values_list("value", flat=True)) == contacts


def test_a_nested_person_without_a_name_and_without_an_email(receiver):
    assert deliver(receiver, {"title": "Deal", "people": {"email": "nobody"}}).status_code == 200

    assert Lead.objects.get().description == "E-mail: nobody"
    assert not Person.objects.exists()


def test_a_contact_type_of_the_company(receiver, company):
    fax = ContactTypeFactory(company=company, name="Fax", kind=ContactKind.PHONE)
    receiver.template = {
        "p": {
            "name": "p",
            "type": "function",
            "function": "setPeople",
            "json": {"name": "who", "contacts": [{"contacts_types_id": fax.pk, "value": "fax"}]},
        }
    }
    receiver.save()

    assert deliver(receiver, {"who": "Jane Roe", "fax": "ask me"}).status_code == 200
    assert deliver(receiver, {"who": "John Roe", "fax": "+1 415 555 0100"}).status_code == 200

    assert [lead.description for lead in Lead.objects.order_by("pk")] == ["Phone: ask me", None]
    assert [contact.type for contact in Contact.objects.all()] == [fax]


@pytest.mark.parametrize(
    "body",
    ['{"firstname": "J", "phone": 2025550100.0}', '{"firstname": "J", "phone": "2025550100.0"}'],
)
def test_a_phone_with_a_fraction_is_read_as_its_digits(receiver, body):
    assert deliver_body(receiver, body).status_code == 200

    lead = Lead.objects.get()
    assert (lead.phone, lead.phone_canonical) == ("2025550100", "+12025550100")
    assert Contact.objects.get().value == "2025550100"


@pytest.mark.parametrize(
    "phone", ["555-7777", "+1-555-0100", "110", "tel. 030 901830", "+1 415 555 0200 ext. 7"]
)
def test_a_number_that_no_plan_knows_is_kept_as_typed(receiver, phone):
    deliver(receiver, {"firstname": "Jane", "phone": phone, "email": "jane@example.com"})

    lead = Lead.objects.get()
    assert (lead.phone, lead.email, lead.description) == (phone, "jane@example.com", None)
    assert set(Contact.objects.values_list("value", flat=True)) == {phone, "jane@example.com"}


def test_a_trial_shows_the_same(receiver, actors):
    variables = {"id": str(receiver.pk), "payload": {"firstname": "Jane", "phone": "call me"}}

    trial = data(TEST, actor=actors.manager, variables=variables)["testLeadReceiver"]

    assert trial["accepted"]
    assert (trial["draft"]["description"], trial["draft"]["people"]["contacts"]) == ("Phone: call me", [])
    assert "phone" not in trial["draft"]
