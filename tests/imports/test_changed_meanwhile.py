"""A record that somebody changes between its reading and its writing keeps both changes."""

import io
from collections.abc import Callable
from contextlib import closing
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from crm.database import kept_rows, write_behind
from crm.importing import jobs
from crm.importing.running import run_import
from crm.models.history import HistoryEntry
from crm.records.registry import import_kind
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead, update_lead
from people.models import Person
from people.services.contacts import phone_type
from people.services.people import create_person, delete_person, update_person
from tests.factories.crm import Tenant, tenant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

Change = Callable[[], object]


@pytest.fixture
def own() -> Tenant:
    return tenant("Meanwhile")


def elsewhere(work: Change) -> None:
    """Do a piece of work on a connection of its own, and commit it."""

    def run() -> None:
        with closing(connection):
            work()

    thread = Thread(target=run)
    thread.start()
    thread.join()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change, int], list[int]]:
    """Have something happen each time that a batch has read its records and is about to write them."""

    def arrange(work: Change, times: int) -> list[int]:
        counted: list[int] = []
        check = kept_rows.check_versions

        def note(versions: Any) -> None:
            if any(versions.values()):
                counted.append(len(counted))
                if len(counted) <= times:
                    elsewhere(work)
            check(versions)

        monkeypatch.setattr(write_behind, "check_versions", note)
        return counted

    return arrange


def imported(text: str, kind: str, own: Tenant) -> Any:
    errors: list[Any] = []
    summary = run_import(
        io.BytesIO(text.encode()),
        import_kind(kind).row_import,
        actor=own.actors.manager,
        on_error=errors.append,
    )
    return summary, [error.code for error in errors]


@pytest.mark.parametrize("times", [1, jobs.MOST_TRIES])
def test_changes_of_others_are_kept(own, meanwhile, times):
    actor = own.actors.manager
    ann = create_person({"firstname": "Ann", "email": "ann@x.example"}, actor=actor)
    bob = create_person({"firstname": "Bob", "email": "bob@x.example"}, actor=actor)
    phones = iter(range(100, 200))

    def give_phone() -> None:
        kept: Any = [{"id": contact.pk} for contact in ann.contacts.order_by("weight", "pk")]
        phone: Any = {"contacts_types_id": phone_type().pk, "value": f"+1 212 555 0{next(phones)}"}
        update_person(ann.pk, {"contacts": [*kept, phone]}, actor=actor)

    tries = meanwhile(give_phone, times)
    text = "firstname,email,city\nAnna,ann@x.example,Rome\nBobby,bob@x.example,Oslo\nNew,new@x.example,\n"
    summary, errors = imported(text, "PEOPLE", own)

    assert (summary.created, summary.updated, errors) == (1, 2, [])
    # A batch that never meets its records as they were read locks each of them at last.
    assert len(tries) == min(times + 1, jobs.MOST_TRIES - 1)
    ann.refresh_from_db()
    assert ann.firstname == "Anna"
    assert ann.contacts.filter(value__startswith="+1").count() == min(times, len(tries))
    assert ann.version == 2 + min(times, len(tries))
    assert [address.city for address in ann.addresses.all()] == ["Rome"]
    bob.refresh_from_db()
    assert (bob.firstname, bob.version) == ("Bobby", 2)
    changes = HistoryEntry.objects.filter(object_id=ann.pk, changes__has_key="firstname")
    assert [entry.changes["firstname"] for entry in changes] == [["Ann", "Anna"]]


def test_a_record_that_is_deleted_meanwhile_is_made_anew(own, meanwhile):
    actor = own.actors.manager
    ann = create_person({"firstname": "Ann", "email": "ann@x.example"}, actor=actor)
    meanwhile(lambda: delete_person(ann.pk, actor=actor), 1)

    summary, errors = imported("firstname,email\nAnna,ann@x.example\n", "PEOPLE", own)

    assert (summary.created, summary.updated, errors) == (1, 0, [])
    assert [person.firstname for person in Person.objects.visible_to(actor)] == ["Anna"]


def test_a_lead_that_moves_meanwhile_is_moved_from_where_it_is(own, meanwhile):
    actor = own.actors.manager
    lead = create_lead({"title": "Deal", "external_id": "1", "external_source": "hubspot"}, actor=actor)
    stages = {stage.name: stage.pk for stage in lead.pipeline.stages.all()}
    meanwhile(lambda: update_lead(lead.pk, {"pipeline_stage_id": stages["Proposal"]}, actor=actor), 1)

    text = "title,external_id,external_source,stage\nDeal,1,hubspot,Negotiation\n"
    summary, errors = imported(text, "LEAD", own)

    assert (summary.updated, errors) == (1, [])
    visits = Lead.objects.get(pk=lead.pk).stage_visits.order_by("pk")
    assert [visit.stage_name for visit in visits] == ["New", "Proposal", "Negotiation"]
    assert [visit.left_at is None for visit in visits] == [False, False, True]


def test_a_lead_that_is_deleted_meanwhile_is_made_anew(own, meanwhile):
    actor = own.actors.manager
    lead = create_lead({"title": "Deal", "external_id": "1", "external_source": "hubspot"}, actor=actor)
    meanwhile(lambda: delete_lead(lead.pk, actor=actor), 1)

    text = "title,external_id,external_source,amount\nDeal,1,hubspot,5\n"
    summary, errors = imported(text, "LEAD", own)

    assert (summary.created, errors) == (1, [])
