"""Merging in the admin, undoing it, and the warning before somebody is added twice."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.errors import NotFound
from people.models import ContactType, Merge, Organization, Person
from people.services.merging import merge
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of, messages_of, posted
from tests.factories.people import OrganizationFactory, PersonFactory

PEOPLE = "/admin/people/person/"
ORGANIZATIONS = "/admin/people/organization/"
MERGES = "/admin/people/merge/"


@pytest.fixture
def pair(tenant):
    values: Any = {
        "firstname": "J.",
        "lastname": "Doe",
        "email": "jane@example.com",
        "tags": [{"name": "VIP"}],
    }
    first = create_person({"firstname": "Jane"}, actor=tenant.actors.agent)
    return first, create_person(values, actor=tenant.actors.agent)


def chosen(*rows, **more):
    return {"action": "merge_selected", "_selected_action": [str(row.pk) for row in rows], **more}


def test_the_page_shows_the_outcome_and_writes_nothing(signed_in, pair):
    first, second = pair
    client = signed_in("agent")

    page = client.post(PEOPLE, chosen(second, first))
    turned = client.post(PEOPLE, chosen(first, second, winner=second.pk))

    assert page.context["winner"] == first
    outcomes = {row.field: row.outcome for row in page.context["plan"].fields}
    assert (outcomes["firstname"], outcomes["lastname"]) == ("Jane", "Doe")
    text = page.content.decode()
    assert "<strong>jane@example.com</strong>" in text
    assert "tags: 1 moved" in text
    assert turned.context["winner"] == second
    assert Merge.objects.count() == 0


def test_what_was_looked_at_is_merged(signed_in, pair):
    first, second = pair

    answer = signed_in("agent").post(
        PEOPLE, chosen(first, second, winner=second.pk, post="Merge"), follow=True
    )

    winner = f'<a href="{PEOPLE}{second.pk}/change/">J. Doe</a>'
    said = f'Merged 1 into {winner}. A manager can undo it under <a href="{MERGES}">Merges</a>.'
    assert messages_of(answer) == [said]
    assert said in answer.content.decode()
    first.refresh_from_db()
    assert first.merged_into == second
    assert Merge.objects.get().door == "admin"


def test_the_message_of_a_merge_undoes_it(signed_in, pair):
    first, second = pair
    manager = signed_in("manager")
    merged = manager.post(PEOPLE, chosen(first, second, winner=second.pk, post="Merge"), follow=True)
    (said,) = messages_of(merged)
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', said))

    undone = manager.post(re.findall(r'action="([^"]+)"', said)[0], sent, follow=True)

    assert said.startswith(f'<span>Merged 1 into <a href="{PEOPLE}{second.pk}/change/">J. Doe</a>.</span>')
    assert undone.redirect_chain == [(PEOPLE, 302)]
    assert messages_of(undone) == ["Undone: the merged records are back."]
    assert Person.objects.filter(deleted_at=None).count() == 2


def test_one_alone_is_not_merged(signed_in, pair):
    answer = signed_in("agent").post(PEOPLE, chosen(pair[0], post="Merge"), follow=True)

    assert messages_of(answer) == ["Choose 2 to 26 to merge."]
    assert Merge.objects.count() == 0


def test_what_a_service_refuses_is_said(signed_in, pair, monkeypatch):
    first, second = pair
    client = signed_in("agent")
    monkeypatch.setattr("people.admin.merging.preview_merge", _refuse)

    answer = client.post(PEOPLE, chosen(first, second), follow=True)

    assert messages_of(answer) == ["Not found."]


def _refuse(*_arguments, **_options):
    raise NotFound


@pytest.mark.parametrize("member", ["viewer", "agent"])
def test_rows_of_others_are_not_merged(signed_in, tenant, other_tenant, pair, member):
    theirs = PersonFactory(company=other_tenant.company)
    rows = (pair[0], theirs) if member == "agent" else pair

    signed_in(member).post(PEOPLE, chosen(*rows, post="Merge"), follow=True)

    assert Merge.objects.count() == 0
    assert Person.objects.filter(deleted_at=None).count() == 3


def test_deleted_people_are_not_offered_to_merge(signed_in, pair):
    page = signed_in("agent").get(PEOPLE, {"deleted": "1"})

    assert "merge_selected" not in page.content.decode()


def test_organizations_are_merged_alike(signed_in, tenant):
    rows = [OrganizationFactory(company=tenant.company, name=name) for name in ("Acme", "ACME")]

    signed_in("agent").post(ORGANIZATIONS, chosen(*rows, post="Merge"))

    assert Organization.objects.get(deleted_at=None) == rows[0]


def test_managers_undo_merges(signed_in, tenant, pair):
    first, second = pair
    merge(Person, first.pk, [second.pk], actor=tenant.actors.agent)
    done = Merge.objects.get()
    undo = {"action": "undo_selected", "_selected_action": [done.pk]}

    signed_in("agent").post(MERGES, undo)
    assert Merge.objects.get().undone_at is None
    client = signed_in("manager")
    assert "J. Doe was merged into Jane Doe" in client.get(MERGES).content.decode()
    answer = client.post(MERGES, undo, follow=True)
    again = client.post(MERGES, undo, follow=True)

    assert messages_of(answer) == ["Undid 1 merge."]
    assert messages_of(again) == [f"Merge {done.uuid}: This merge is undone already."]
    assert Person.objects.filter(deleted_at=None).count() == 2


def test_a_merge_is_told_and_undone_on_its_page(signed_in, tenant, pair):
    first, second = pair
    merge(Person, first.pk, [second.pk], actor=tenant.actors.agent)
    done = Merge.objects.get()
    address = f"{MERGES}{done.pk}/change/"

    html = signed_in("agent").get(address).content.decode()
    assert "<h1>J. Doe was merged into Jane Doe</h1>" in html
    assert "Undo this merge" not in html
    assert signed_in("agent").post(f"{MERGES}{done.pk}/undo/").status_code == 403
    manager = signed_in("manager")
    assert "Undo this merge" in manager.get(address).content.decode()
    undone = manager.post(f"{MERGES}{done.pk}/undo/", follow=True)
    assert undone.redirect_chain == [(address, 302)]
    assert messages_of(undone) == ["Undone: the merged records are back."]
    again = manager.post(f"{MERGES}{done.pk}/undo/", follow=True)
    assert messages_of(again) == ["This merge is undone already."]
    assert "Undo this merge" not in again.content.decode()
    assert Person.objects.filter(deleted_at=None).count() == 2


def test_a_merge_of_another_company_is_not_found(signed_in, other_tenant):
    rows = [PersonFactory(company=other_tenant.company) for _ in range(2)]
    merge(Person, rows[0].pk, [rows[1].pk], actor=other_tenant.actors.agent)

    assert signed_in("manager").post(f"{MERGES}{Merge.objects.get().pk}/undo/").status_code == 404
    assert Merge.objects.get().undone_at is None


def test_the_comparison_shows_by_what_people_are_told_apart(signed_in, tenant):
    phone = ContactType.objects.get(company=None, kind="PHONE")
    acme = OrganizationFactory(company=tenant.company, name="Acme")
    contact: Any = {"contacts_types_id": phone.pk, "value": "+1 212 555 0100"}
    rows = [
        create_person({"firstname": "Marta", "contacts": [contact]}, actor=tenant.actors.agent),
        create_person(
            {"firstname": "Marta", "organizations_id": [acme.pk], "do_not_contact": True},
            actor=tenant.actors.agent,
        ),
    ]

    page = signed_in("agent").post(PEOPLE, chosen(*rows))

    assert page.context["belonging"] == [
        ("Phone", [["+1 212 555 0100"], []], ["+1 212 555 0100"]),
        ("Organization", [[], ["Acme"]], ["Acme"]),
    ]
    assert ("Do not contact", ["No", "Yes"], "Yes") in page.context["fields"]
    html = page.content.decode()
    assert f'<a href="{PEOPLE}" class="button quiet">Cancel</a>' in html
    assert "winner has" not in html


def test_the_page_of_merges_says_how_to_merge(signed_in):
    html = signed_in("agent").get(MERGES).content.decode()

    assert f'<a href="{PEOPLE}">people</a>' in html
    assert "Compare and merge" in html


def test_the_list_of_merges_takes_as_many_statements_for_many(signed_in, tenant):
    client = signed_in("manager")
    taken = []
    for number in (1, 5):
        for _ in range(number):
            rows = [PersonFactory(company=tenant.company) for _ in range(2)]
            merge(Person, rows[0].pk, [rows[1].pk], actor=tenant.actors.agent)
        with CaptureQueriesContext(connection) as captured:
            client.get(MERGES)
        taken.append(len(captured))

    assert taken[0] == taken[1]


def added(client, path=PEOPLE, **values):
    return client.post(f"{path}add/", form_of(client, f"{path}add/", **values))


def test_a_person_who_may_be_known_is_shown_before_saving(signed_in, tenant, other_tenant, pair):
    create_person({"firstname": "Foreign", "email": "jane@example.com"}, actor=other_tenant.actors.agent)
    client = signed_in("agent")

    page = added(client, firstname="Janet", email="JANE@example.com")

    (warning,) = errors_of(page)["__all__"]
    assert f'<a href="/admin/people/person/{pair[1].pk}/change/">J. Doe</a> (same e-mail; added by' in warning
    assert "Foreign" not in page.content.decode()
    assert 'name="save_anyway"' in page.content.decode()
    assert page.context["adminform"].form["firstname"].value() == "Janet"
    assert Person.objects.filter(company=tenant.company).count() == 2
    anyway = client.post(f"{PEOPLE}add/", posted(page, save_anyway="on"))
    assert anyway.status_code == 302
    assert Person.objects.filter(company=tenant.company).count() == 3
    assert "in spite of" in LogEntry.objects.get().change_message


def test_phone_and_name_warn_as_well(signed_in, tenant):
    phone = ContactType.objects.get(company=None, kind="PHONE")
    acme = OrganizationFactory(company=tenant.company)
    create_person(
        {
            "firstname": "Johanna",
            "contacts": [{"contacts_types_id": phone.pk, "value": "+1 212 555 0100"}],
            "organizations_id": [acme.pk],
        },
        actor=tenant.actors.agent,
    )
    client = signed_in("agent")
    contact = {
        "contacts-TOTAL_FORMS": "1",
        "contacts-0-type": phone.pk,
        "contacts-0-value": "(212) 555-0100",
    }

    by_phone = added(client, firstname="Ada", **contact)
    by_name = added(client, firstname="Johana", organizations=[acme.pk])
    alone = added(client, firstname="Johana")

    assert "(same phone;" in errors_of(by_phone)["__all__"][0]
    assert "(similar name;" in errors_of(by_name)["__all__"][0]
    assert alone.status_code == 302


def test_an_organization_of_the_same_name_is_shown(signed_in, tenant):
    OrganizationFactory(company=tenant.company, name="Acme <Corp>")
    client = signed_in("agent")

    page = added(client, ORGANIZATIONS, name="ACME corp.")

    assert "Acme &lt;Corp&gt;</a> (similar name;" in errors_of(page)["__all__"][0]
    assert client.post(f"{ORGANIZATIONS}add/", posted(page, save_anyway="on")).status_code == 302
    assert Organization.objects.count() == 2
