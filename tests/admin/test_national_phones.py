"""Warnings of possible duplicates whose phone number was written without its country."""

from typing import Any

import pytest
from django.urls import reverse

from leads.models import Lead
from leads.services.leads import create_lead, delete_lead
from people.models import ContactType, Merge, Person
from people.models.national_phones import may_be_same
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of, posted
from tests.admin.rows import page

pytestmark = pytest.mark.django_db
#: In a company of the United States.
HERE, THERE = "030 5550123", "+49 30 5550123"


def add(model: Any) -> str:
    return reverse(page(model, "add"))


def change(row: Any) -> str:
    return reverse(page(row, "change"), args=[row.pk])


def warning_of(answer: Any) -> str:
    return errors_of(answer)["__all__"][0]


def with_phone(firstname: str, phone: str, actor: Any) -> Person:
    type_ = ContactType.objects.get(company=None, kind="PHONE")
    contacts: Any = [{"contacts_types_id": type_.pk, "value": phone}]
    return create_person({"firstname": firstname, "contacts": contacts}, actor=actor)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (HERE, THERE, True),
        ("0049 30 5550123", HERE, True),
        ("+49 (0)30 5550123", "0 30 / 555 01 23", True),
        ("+49 30 5550123", "+49 30 5550123", True),
        # A whole number of each country.
        ("(305) 555-0123", "+49 30 55550123", False),
        ("555-0123", "+49 30 5550123", False),
        (HERE, "+49 30 5550124", False),
        (f"{HERE} ext. 1", f"{THERE} ext. 2", False),
        (HERE, "", False),
    ],
)
def test_a_number_may_lack_its_country(one, other, is_same):
    assert may_be_same(one, other, "US") is is_same
    assert may_be_same(other, one, "US") is is_same


@pytest.mark.parametrize(("stored", "typed"), [(THERE, HERE), (HERE, THERE)])
def test_people_and_leads_are_warned_of_on_adding_and_editing(signed_in, actors, stored, typed):
    jane = with_phone("Jane", stored, actors.agent)
    deal = create_lead({"title": "Deal", "phone": stored}, actor=actors.agent)
    joe = create_person({"firstname": "Joe"}, actor=actors.agent)
    other = create_lead({"title": "Other"}, actor=actors.agent)
    client = signed_in("agent")

    added = client.post(add(Person), form_of(client, add(Person), firstname="J.", phone=typed))
    edited = client.post(change(joe), form_of(client, change(joe), phone=typed))
    new_lead = client.post(
        add(Lead), form_of(client, add(Lead), title="New", firstname="Ann", phone=typed, keep_person="on")
    )
    edited_lead = client.post(change(other), form_of(client, change(other), phone=typed))

    for answer in (added, edited, new_lead):
        assert f'<a href="{change(jane)}">Jane</a> (same phone; ' in warning_of(answer)
    for answer in (new_lead, edited_lead):
        assert f'<a href="{change(deal)}">Deal</a> (same phone; ' in warning_of(answer)
    compare = reverse("admin:people_person_compare", args=[joe.pk, jane.pk])
    assert [compare in warning_of(answer) for answer in (added, edited, new_lead, edited_lead)] == [
        False,
        True,
        False,
        False,
    ]
    # Of a name that is another, she is not taken for the same: it is added if it is wanted.
    assert client.post(add(Lead), posted(new_lead, save_anyway="on")).status_code == 302
    assert Person.objects.filter(firstname="Ann").count() == 1
    delete_lead(deal.pk, actor=actors.agent)
    again = client.post(change(other), form_of(client, change(other), phone=typed, description="Later"))
    assert "Deal" not in str(again.context["errors"] if again.context else "")


def test_numbers_of_others_are_named_to_nobody(signed_in, actors, other_actors):
    with_phone("Stranger", THERE, other_actors.agent)
    client = signed_in("agent")
    answer = client.post(add(Person), form_of(client, add(Person), firstname="J.", phone=HERE))
    assert answer.status_code == 302


def test_what_the_warning_names_is_compared_and_merged(signed_in, actors, other_actors):
    jane = create_person({"firstname": "Jane", "email": "jane@x.example"}, actor=actors.agent)
    joe = create_person({"firstname": "Jane", "lastname": "Doe"}, actor=actors.agent)
    foreign = create_person({"firstname": "Eve"}, actor=other_actors.agent)
    client = signed_in("agent")

    def compare(*keys: int, kind: str = "person", member: str = "agent") -> Any:
        return signed_in(member).get(reverse(f"admin:people_{kind}_compare", args=keys))

    shown = compare(joe.pk, jane.pk)
    assert shown.context["rows"] == [jane, joe]
    assert f'action="{add(Person).removesuffix("add/")}"' in shown.content.decode()
    for keys in ((joe.pk, foreign.pk), (foreign.pk, joe.pk), (joe.pk, 0), (joe.pk, joe.pk)):
        assert compare(*keys).status_code == 404
    assert compare(joe.pk, jane.pk, member="viewer").status_code == 403
    assert client.post(reverse("admin:people_person_compare", args=[joe.pk, jane.pk])).status_code == 405
    assert Merge.objects.count() == 0

    first, second = (
        create_organization({"name": name}, actor=actors.agent) for name in ("Acme", "ACME Ltd.")
    )
    assert compare(first.pk, second.pk, kind="organization").context["rows"] == [first, second]
    warned = client.post(change(second), form_of(client, change(second), name="Acme Inc."))
    assert reverse("admin:people_organization_compare", args=[second.pk, first.pk]) in warning_of(warned)
