"""Warnings of possible duplicates, on adding and on editing people, organizations and leads alike."""

from typing import Any

import pytest
from django.urls import reverse

from leads.models import Lead
from leads.services.closing import close_lead
from leads.services.leads import create_lead
from people.models import Organization, Person
from people.models.legal_forms import comparable_organization
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of, posted
from tests.admin.rows import page

pytestmark = pytest.mark.django_db


def add(model: Any) -> str:
    return reverse(page(model, "add"))


def change(row: Any) -> str:
    return reverse(page(row, "change"), args=[row.pk])


def warning_of(answer: Any) -> str:
    return errors_of(answer)["__all__"][0]


def test_an_open_lead_of_the_same_customer_is_warned_of(signed_in, actors, other_actors, tenant):
    person = create_person({"firstname": "Jane", "email": "jane@x.example"}, actor=actors.agent)
    known = create_lead(
        {"title": "Roof", "people_id": person.pk, "phone": "+1 212 555 0109"}, actor=actors.colleague
    )
    create_lead({"title": "Foreign", "email": "jane@x.example"}, actor=other_actors.agent)
    past = create_lead({"title": "Past", "email": "jane@x.example"}, actor=actors.agent)
    close_lead(past.pk, "won", actor=actors.agent)
    client = signed_in("agent")
    form = form_of(client, add(Lead), title="New", email="JANE@x.example", phone="(212) 555-0109")

    warned = client.post(add(Lead), form)
    saved = client.post(add(Lead), posted(warned, save_anyway="on"))

    assert "same e-mail, same phone; owner " in warning_of(warned)
    assert f'<a href="{change(known)}">Roof</a>' in warning_of(warned)
    assert not {"Past", "Foreign"} & {*warning_of(warned).split()}
    assert posted(warned)["email"] == "JANE@x.example"
    # A question with its button, and no error that has to be corrected.
    assert "Please correct" not in warned.content.decode()
    assert warned.content.decode().count('name="save_anyway"') == 1
    assert saved.status_code == 302
    assert Lead.objects.filter(title="New").count() == 1
    of_person = client.post(add(Lead), form_of(client, add(Lead), title="Third", person=person.pk))
    assert "same person" in warning_of(of_person)


def test_an_edit_that_makes_a_duplicate_is_warned_of_and_other_edits_are_not(signed_in, actors):
    first = create_lead({"title": "First", "email": "jane@x.example"}, actor=actors.agent)
    second = create_lead({"title": "Second"}, actor=actors.agent)
    jane = create_person({"firstname": "Jane", "email": "jane@x.example"}, actor=actors.agent)
    joe = create_person({"firstname": "Joe", "email": "joe@x.example"}, actor=actors.agent)
    client = signed_in("agent")

    for row, other, harmless in (
        (second, first, {"description": "Later"}),
        (joe, jane, {"dob": "1990-01-01"}),
    ):
        warned = client.post(change(row), form_of(client, change(row), email="jane@x.example"))
        assert f'<a href="{change(other)}">' in warning_of(warned)
        assert client.post(change(row), posted(warned, save_anyway="on")).status_code == 302
        assert client.post(change(row), form_of(client, change(row), **harmless)).status_code == 302
    joe.refresh_from_db()
    assert (joe.email, str(joe.dob)) == ("jane@x.example", "1990-01-01")


@pytest.mark.parametrize(
    ("name", "comparable"),
    [
        ("Nordlicht", "nordlicht"),
        ("NORDLICHT G.m.b.H.", "nordlicht"),
        ("Nordlicht GmbH & Co. KG", "nordlicht"),
        ("Acme, Inc.", "acme"),
        ("Banco S.A. de C.V.", "banco"),
        ("Kowalski Sp. z o.o.", "kowalski"),
        ("Casa de", "casade"),
        ("GmbH", "gmbh"),
        ("Limited Brands", "limitedbrands"),
        ("", ""),
        (None, ""),
    ],
)
def test_legal_forms_are_left_out_of_comparisons(name, comparable):
    assert comparable_organization(name) == comparable


def test_a_legal_form_hides_no_duplicate(signed_in, actors):
    known = create_organization({"name": "Nordlicht"}, actor=actors.agent)
    other = create_organization({"name": "Südlicht AG"}, actor=actors.agent)
    client = signed_in("agent")

    added = client.post(add(Organization), form_of(client, add(Organization), name="Nordlicht GmbH"))
    renamed = client.post(change(other), form_of(client, change(other), name="NORDLICHT Ltd."))

    assert f'<a href="{change(known)}">Nordlicht</a>' in warning_of(added)
    assert f'<a href="{change(known)}">Nordlicht</a>' in warning_of(renamed)
    assert client.post(change(other), form_of(client, change(other), city="Bonn")).status_code == 302
    assert not Person.objects.exists()
