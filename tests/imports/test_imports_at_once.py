"""Imports beside each other and eight writers: no valid row is refused, nothing lost, and plans hold."""

import io
import os
import time
from contextlib import closing
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from crm.importing import job_records, jobs, plans
from crm.importing.files.options import COMMAND_LIMITS
from crm.importing.plans import Plan
from crm.importing.report import CHANGED_SINCE_PLAN, Summary
from crm.importing.running import opened_import, run_import
from crm.models import ImportRow, RowAction, Tag
from crm.services import locking
from leads.models import Lead
from leads.services.leads import create_lead
from people.imports import PersonImport
from people.models import Contact, Organization, Person
from people.services.people import create_person, update_person
from tests.factories.crm import Tenant, tenant
from tests.services.racing import rounds

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

IS_LONG = os.environ.get("CHAOS") == "long"
WRITERS = 8
#: What each of the writers does.
WRITES = 60 if IS_LONG else 6
#: People who are there before, and whom both the file and the writers mean.
KNOWN = WRITERS * WRITES
#: People whom a plan brings besides.
NEW = 10_000 - KNOWN if IS_LONG else 40


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


def email(number: int) -> str:
    return f"p{number}@example.com"


def phone(number: int, line: int = 0) -> str:
    return f"+1212555{line}{number:03}"


def people_file(numbers: range, *, line: int = 0) -> bytes:
    rows = [
        f"P{number},{email(number)},{phone(number, line)},Firm {number % 7},T{number % 5},Rome"
        for number in numbers
    ]
    return "\n".join(["firstname,email,phone,organization,tags,city", *rows]).encode()


def imported(content: bytes, own: Tenant) -> tuple[Summary, list[str]]:
    errors: list[str] = []
    summary = run_import(
        io.BytesIO(content),
        PersonImport,
        actor=own.actors.manager,
        on_error=lambda error: errors.append(str(error)),
    )
    return summary, errors


def make_known(own: Tenant) -> list[int]:
    actor = own.actors.manager
    return [
        create_person({"firstname": f"P{number}", "email": email(number)}, actor=actor).pk
        for number in range(KNOWN)
    ]


def write(own: Tenant, keys: list[int], writer: int, place: int) -> None:
    """Change a person whom the file changes too, and capture one whom it brings or has brought."""
    actor = own.actors.agent
    number = writer * WRITES + place
    update_person(keys[number], {"custom_fields": [{"name": "seen", "value": writer}]}, actor=actor)
    person: Any = {"firstname": f"P{KNOWN + number}", "email": email(KNOWN + number)}
    create_lead({"title": f"Deal {number}", "people": person}, actor=actor)


def test_two_imports_of_the_same_people(own):
    files = [people_file(range(120)), people_file(range(60, 180), line=1)]

    [done] = rounds(lambda writer, _turn: imported(files[writer], own), 1, writers=2)

    assert [errors for _, errors in done] == [[], []]
    assert sum(summary.created for summary, _ in done) == Person.objects.count() == 180
    assert (Organization.objects.count(), Tag.objects.count()) == (7, 5)
    numbers = Contact.objects.exclude(value__contains="@").values_list("person__email", "value")
    both = {(email(n), phone(n)) for n in range(120)} | {(email(n), phone(n, 1)) for n in range(60, 180)}
    assert set(numbers) == both


def test_an_import_beside_eight_writers(own):
    keys = make_known(own)
    content = people_file(range(2 * KNOWN))

    def act(writer: int, _turn: int) -> Any:
        if writer == WRITERS:
            return imported(content, own)
        for place in range(WRITES):
            write(own, keys, writer, place)
        return None

    [answers] = rounds(act, 1, writers=WRITERS + 1)

    summary, errors = answers[-1]
    assert (errors, summary.failed, summary.created + summary.updated) == ([], 0, 2 * KNOWN)
    # One person for each address, whoever brought it first, with what the file says and the writers said.
    found = {person.email: person for person in Person.objects.prefetch_related("addresses", "tags")}
    assert (len(found), Person.objects.count()) == (2 * KNOWN, 2 * KNOWN)
    for number in range(2 * KNOWN):
        person = found[email(number)]
        assert [each.city for each in person.addresses.all()] == ["Rome"]
        assert [each.name for each in person.tags.all()] == [f"T{number % 5}"]
        assert person.custom_fields == ({"seen": number // WRITES} if number < KNOWN else {})
    captured = Lead.objects.values_list("title", "person__email")
    assert set(captured) == {(f"Deal {number}", email(KNOWN + number)) for number in range(KNOWN)}


def test_a_batch_that_others_wait_for_is_followed_by_a_short_one(own, settings, monkeypatch):
    settings.IMPORT_SINGLE_EVENTS = 1
    monkeypatch.setattr(jobs, "SECONDS_OF_BATCH", 1e9)
    monkeypatch.setattr(jobs, "SECONDS_WAITED_FOR", 0)
    sizes: list[int] = []
    threads: list[Thread] = []
    note = job_records.note_batch

    def write() -> None:
        with closing(connection), transaction.atomic():
            locking.lock_company(own.company.pk)

    def noted(job: Any, rows: Any, *given: Any, **options: Any) -> Any:
        sizes.append(len(rows))
        if len(sizes) == 2:
            assert not locking.is_waited_for()
            threads.append(Thread(target=write))
            threads[0].start()
            # PostgreSQL tells nobody that a lock is waited for: it is asked again.
            while not locking.is_waited_for() and threads[0].is_alive():
                time.sleep(0.01)
        return note(job, rows, *given, **options)

    monkeypatch.setattr(job_records, "note_batch", noted)
    summary, errors = imported(people_file(range(300)), own)
    threads[0].join()

    assert (errors, summary.created) == ([], 300)
    assert sizes[:3] == [50, 100, 50]


def test_a_plan_is_applied_as_it_was_made_beside_eight_writers(own, monkeypatch):
    # The rows of a plan are read in several pieces, each within the transaction of another batch.
    monkeypatch.setattr(plans, "PAGE", 30)
    keys = make_known(own)
    actor = own.actors.manager
    # The writers mean every second known person; the first of each changes before the plan is applied.
    content = people_file(range(KNOWN + NEW))
    changed = [range(writer * WRITES, (writer + 1) * WRITES, 2) for writer in range(WRITERS)]

    def change(number: int) -> None:
        update_person(keys[number], {"lastname": f"L{number}"}, actor=own.actors.agent)

    with opened_import(
        io.BytesIO(content), PersonImport, actor=actor, limits=COMMAND_LIMITS, filename="rows.csv"
    ) as work:
        planned = work.open_job(dry_run=True)
        work.run(planned)
        plan = Plan(job=planned.uuid, fingerprint=planned.fingerprint, user_id=planned.user_id)
        for numbers in changed:
            change(numbers[0])

        def act(writer: int, _turn: int) -> Any:
            if writer < WRITERS:
                for number in changed[writer][1:]:
                    change(number)
                return None
            job = work.open_job(plan=plan)
            work.run(job, plan=plan)
            return job

        [answers] = rounds(act, 1, writers=WRITERS + 1)

    said = {row.number: row for row in ImportRow.objects.filter(job=planned)}
    did = {row.number: row for row in ImportRow.objects.filter(job=answers[-1])}
    assert did.keys() == said.keys() == set(range(2, KNOWN + NEW + 2))
    refused = {number - 2 for number, row in did.items() if row.code}
    assert {did[number + 2].code for number in refused} == {CHANGED_SINCE_PLAN}
    assert {numbers[0] for numbers in changed} <= refused <= {each for numbers in changed for each in numbers}
    for number, row in did.items():
        if number - 2 not in refused:
            assert (row.action, row.key) == (said[number].action, said[number].key)
            assert row.action == (RowAction.UPDATE if number - 2 < KNOWN else RowAction.CREATE)
    # Refused rows changed nothing; of the others both have what they wrote.
    for person in Person.objects.prefetch_related("addresses"):
        number = int(str(person.firstname)[1:])
        is_written = any(number in numbers for numbers in changed)
        assert person.lastname == (f"L{number}" if is_written else None)
        assert len(person.addresses.all()) == (0 if number in refused else 1)
