"""Phone and e-mail as plain inputs of the form of a person, beside the rows of all other contacts."""

from typing import Any

import pytest
from django.urls import reverse

from people.models import ContactType, Person
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of

ADD = "/admin/people/person/add/"


def change_page(person):
    return reverse("admin:people_person_change", args=[person.pk])


def shared(name):
    return ContactType.objects.get(company=None, name=name)


@pytest.fixture
def jane(tenant):
    """A person with an e-mail and a phone."""
    contacts: Any = [{"contacts_types_id": shared("Phone").pk, "value": "+1 212 555 0100"}]
    return create_person(
        {"firstname": "Jane", "email": "jane@example.com", "contacts": contacts}, actor=tenant.actors.agent
    )


def phone_of(person):
    return list(person.contacts.exclude(type__kind="EMAIL").values_list("type__name", "value"))


def test_new_person_with_a_plain_phone(signed_in, tenant):
    client = signed_in("agent")
    mobile = {
        "contacts-TOTAL_FORMS": "1",
        "contacts-0-type": shared("Cellphone").pk,
        "contacts-0-value": "212 555 0111",
    }

    client.post(ADD, form_of(client, ADD, firstname="Ada", phone="212 555 0100", **mobile))

    ada = Person.objects.get()
    assert phone_of(ada) == [("Phone", "212 555 0100"), ("Cellphone", "212 555 0111")]
    # Of several, each has its row.
    form = form_of(client, change_page(ada))
    assert ("phone" in form, form["contacts-TOTAL_FORMS"]) == (False, "2")


@pytest.mark.parametrize("name", ["Phone", "Cellphone"])
def test_the_plain_phone_is_changed_and_removed(signed_in, tenant, name):
    contacts: Any = [{"contacts_types_id": shared(name).pk, "value": "212 555 0100"}]
    person = create_person({"firstname": "Ada", "contacts": contacts}, actor=tenant.actors.agent)
    key = person.contacts.get().pk
    client = signed_in("agent")

    form = form_of(client, change_page(person))
    assert (form["phone"], form["contacts-TOTAL_FORMS"]) == ("212 555 0100", "0")
    client.post(change_page(person), {**form, "phone": "212 555 0177"})
    changed = person.contacts.get()
    client.post(change_page(person), form_of(client, change_page(person), phone=""))

    assert (changed.pk, changed.type.name, changed.value) == (key, name, "212 555 0177")
    assert not person.contacts.exists()
    person.refresh_from_db()
    assert person.version == 3


def test_a_row_beside_the_plain_phone_leaves_it_alone(signed_in, jane):
    client = signed_in("agent")
    form = form_of(client, change_page(jane))
    key = jane.contacts.get(type__kind="PHONE").pk
    row = {
        "contacts-TOTAL_FORMS": "1",
        "contacts-0-type": shared("Cellphone").pk,
        "contacts-0-value": "212 555 0111",
    }

    client.post(change_page(jane), {**form, **row})

    assert phone_of(jane) == [("Phone", "+1 212 555 0100"), ("Cellphone", "212 555 0111")]
    assert jane.contacts.get(type__name="Phone").pk == key


def test_the_only_e_mail_is_a_plain_input_and_no_row(signed_in, jane):
    client = signed_in("agent")
    form = form_of(client, change_page(jane))
    key = jane.contacts.get(type__kind="EMAIL").pk
    row = {
        "contacts-TOTAL_FORMS": "1",
        "contacts-0-type": shared("Email").pk,
        "contacts-0-value": "second@example.com",
    }

    assert (form["email"], form["contacts-TOTAL_FORMS"]) == ("jane@example.com", "0")
    client.post(change_page(jane), {**form, **row, "email": "new@example.com"})
    emails = jane.contacts.filter(type__kind="EMAIL").order_by("pk")
    assert list(emails.values_list("value", flat=True)) == ["new@example.com", "second@example.com"]
    assert emails[0].pk == key

    # Of several, each has its row.
    assert form_of(client, change_page(jane))["contacts-TOTAL_FORMS"] == "2"


def test_the_only_e_mail_is_removed(signed_in, jane):
    client = signed_in("agent")

    client.post(change_page(jane), form_of(client, change_page(jane), email="", phone="212 555 0177"))

    jane.refresh_from_db()
    assert (jane.email, phone_of(jane), jane.contacts.count()) == (None, [("Phone", "212 555 0177")], 1)


def test_a_phone_that_cannot_be_understood_is_refused_at_its_field(signed_in, jane):
    client = signed_in("agent")

    changing = client.post(change_page(jane), form_of(client, change_page(jane), phone="none"))
    adding = client.post(ADD, form_of(client, ADD, firstname="Ada", phone="none"))

    reason = ["Enter a phone number, with at least three digits."]
    assert errors_of(changing) == errors_of(adding) == {"phone": reason}
    assert (phone_of(jane), Person.objects.count()) == ([("Phone", "+1 212 555 0100")], 1)


def test_the_phone_at_the_head_is_changed_in_place_and_keeps_the_other_contacts(signed_in, jane):
    client = signed_in("agent")
    response = client.get(change_page(jane))
    facts = [(fact.text, fact.field) for fact in response.context["facts"] if fact.label == "Phone"]
    address = reverse("admin:people_person_field", args=[jane.pk, "phone"])

    client.post(address, {"phone": "212 555 0177", "version": jane.version})

    assert facts == [("+1 212 555 0100", "phone")]
    assert sorted(jane.contacts.values_list("value", flat=True)) == ["212 555 0177", "jane@example.com"]


def test_who_may_only_look_sees_each_phone_once(signed_in, jane):
    client = signed_in("viewer")

    page = client.get(change_page(jane)).content.decode()
    assert page.count("+1 212 555 0100</a>") == 2  # at the head, and in the form

    mobile = {"type": shared("Cellphone"), "value": "212 555 0111"}
    jane.contacts.create(company=jane.company, **mobile)
    page = client.get(change_page(jane)).content.decode()
    assert "field-phone" not in page
    assert "field-main_phone" not in page
