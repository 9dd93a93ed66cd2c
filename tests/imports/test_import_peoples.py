"""importPeoples: a durable job, whose rows stand each alone."""

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.importing import claims, jobs
from crm.importing.processing import Processor
from crm.importing.worker import run_waiting_jobs
from crm.models import ImportJob, ImportStatus
from people.models import Contact, ContactKind, Organization, Person
from tests.clients import data, refusal
from tests.doors import contact_type
from tests.factories.people import PersonFactory
from tests.leases import pass_time
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

IMPORT = """mutation (
  $input: [PeopleInput!]!, $policy: ImportDuplicatePolicy! = UPDATE, $dry: Boolean! = false
) {
  importPeoples(input: $input, on_duplicate: $policy, dry_run: $dry)
}"""
JOB = """query ($uuid: ID!) { importJob(uuid: $uuid) {
  model status dry_run total processed created updated skipped failed finished_at user { displayname }
  errors { row field code message }
} }"""
COUNTS = ("total", "processed", "created", "updated", "skipped", "failed")


def import_rows(rows: list[dict[str, Any]], actor: Any, **options: Any) -> dict[str, Any]:
    uuid = data(IMPORT, actor=actor, variables={"input": rows, **options})["importPeoples"]
    job: dict[str, Any] = data(JOB, actor=actor, variables={"uuid": uuid})["importJob"]
    return job


def counts(job: dict[str, Any]) -> dict[str, int]:
    return {name: job[name] for name in COUNTS if job[name]}


def test_rows_are_created_and_refused_each_by_itself(actors, company):
    job = import_rows(
        [
            {"firstname": "Ann", "email": "ann@example.com", "dob": "1990-01-31", "organization": "Acme"},
            {"firstname": "Bob", "email": "not an address", "organization": "Lost"},
            {"lastname": "Cole", "contacts": [{"contacts_types_id": 999_999, "value": "1"}]},
            {"firstname": "Dan"},
        ],
        actors.manager,
    )

    assert counts(job) == {"total": 4, "processed": 4, "created": 2, "failed": 2}
    assert (job["model"], job["status"], job["dry_run"]) == ("PEOPLE", "COMPLETED", False)
    assert job["finished_at"] is not None
    assert [(error["row"], error["field"], error["code"]) for error in job["errors"]] == [
        (2, "email", "VALIDATION"),
        (3, "contacts.0.contacts_types_id", "NOT_FOUND"),
    ]
    assert set(Person.objects.values_list("name", flat=True)) == {"Ann", "Dan"}
    # What a refused row would have made on the way is not there either.
    assert set(Organization.objects.values_list("name", flat=True)) == {"Acme"}
    ann = Person.objects.get(name="Ann")
    entry = ann.history.get()
    assert (entry.door, entry.via) == ("import", f"import {ImportJob.objects.get().uuid}")


@pytest.mark.parametrize(
    ("policy", "expected", "lastname", "people"),
    [
        ("UPDATE", {"updated": 1}, "New", 1),
        ("SKIP", {"skipped": 1}, "Old", 1),
        ("CREATE", {"created": 1}, "Old", 2),
        ("ERROR", {"failed": 1}, "Old", 1),
    ],
)
def test_a_known_person_is_treated_as_the_policy_says(actors, company, policy, expected, lastname, people):
    known = PersonFactory(company=company, firstname="Ann", lastname="Old", email="ann@example.com")
    row = {"lastname": "New", "email": "ANN@example.com"}

    job = import_rows([row], actors.manager, policy=policy)

    known.refresh_from_db()
    assert counts(job) == {"total": 1, "processed": 1, **expected}
    assert (known.firstname, known.lastname) == ("Ann", lastname)
    assert Person.objects.count() == people


def test_a_row_that_changes_nothing_is_skipped(actors):
    rows = [{"firstname": "Ann", "email": "ann@example.com"}]
    import_rows(rows, actors.manager)

    again = import_rows(rows, actors.manager)

    assert counts(again) == {"total": 1, "processed": 1, "skipped": 1}
    assert Person.objects.get().version == 1


def test_lists_are_added_to(actors, company):
    phone, email = (contact_type(kind).pk for kind in (ContactKind.PHONE, ContactKind.EMAIL))
    known = {"contacts_types_id": phone, "value": "+1-212-555-0100"}
    import_rows([{"firstname": "Ann", "email": "ann@example.com", "contacts": [known]}], actors.manager)

    import_rows(
        [
            {
                "email": "ann@example.com",
                "contacts": [
                    {"contacts_types_id": phone, "value": "+1 212 555 0100"},
                    {"contacts_types_id": email, "value": "ann.new@example.com"},
                ],
                "tags": [{"name": "VIP"}],
            }
        ],
        actors.manager,
    )

    values = list(Contact.objects.order_by("pk").values_list("value", flat=True))
    assert values == ["ann@example.com", "+1 212 555 0100", "ann.new@example.com"]
    person = Person.objects.get()
    assert (person.email, [tag.name for tag in person.tags.all()]) == ("ann@example.com", ["VIP"])


def test_several_matches_are_refused_with_their_ids(actors, company):
    for _ in range(2):
        PersonFactory(company=company, email="ann@example.com")

    job = import_rows([{"email": "ann@example.com", "firstname": "X"}], actors.manager)

    assert [(error["row"], error["code"]) for error in job["errors"]] == [(1, "MATCH")]
    assert not Person.objects.filter(firstname="X").exists()


def test_dry_run_counts_the_same_and_writes_no_person(actors, company):
    PersonFactory(company=company, email="ann@example.com", lastname="Old")
    rows = [
        {"email": "ann@example.com", "lastname": "New"},
        {"email": "bob@example.com"},
        {"email": "bob@example.com"},
        {"email": "bad"},
    ]
    before = list(Person.objects.values())

    dry = import_rows(rows, actors.manager, dry=True)
    stored = list(Person.objects.values())
    real = import_rows(rows, actors.manager)

    assert stored == before
    assert dry["dry_run"] is True
    assert dry["errors"] == real["errors"]
    assert counts(dry) == counts(real)


@pytest.mark.parametrize(
    "place",
    [
        lambda row: {"id": row.pk},
        lambda row: {"organizations_id": [row.organizations.get().pk]},
        lambda row: {"contacts": [{"id": row.contacts.get().pk, "value": "212 555 0199"}]},
        lambda row: {"address": [{"id": row.addresses.get().pk, "city": "X"}]},
    ],
)
def test_ids_of_another_company_are_not_found(actors, other_tenant, place):
    phone = {"contacts_types_id": contact_type(ContactKind.PHONE).pk, "value": "212 555 0100"}
    import_rows(
        [
            {
                "firstname": "Ann",
                "organization": "Acme",
                "contacts": [phone],
                "address": [{"city": "Lyon"}],
            }
        ],
        other_tenant.actors.manager,
    )
    foreign = Person.objects.get()

    job = import_rows([{"firstname": "Bob", **place(foreign)}], actors.manager)

    assert [error["code"] for error in job["errors"]] == ["NOT_FOUND"]
    assert Person.objects.get() == foreign


def test_only_managers_import_and_jobs_stay_in_their_company(actors, other_actors):
    error = refusal(IMPORT, actor=actors.agent, variables={"input": [{"firstname": "Ann"}]})
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert not ImportJob.objects.exists()

    uuid = data(IMPORT, actor=actors.manager, variables={"input": [{"firstname": "Ann"}]})["importPeoples"]
    hidden = refusal(JOB, actor=other_actors.admin, variables={"uuid": uuid})
    assert hidden["extensions"] == {"code": "NOT_FOUND", "argument": "uuid"}


def test_another_company_is_not_imported_into(actors, other_company):
    document = f'mutation {{ importPeoples(input: [{{firstname: "A"}}], companyId: {other_company.pk}) }}'

    error = refusal(document, actor=actors.manager)

    assert error["extensions"] == {"code": "NOT_FOUND", "argument": "companyId"}
    assert not ImportJob.objects.exists()


def many(count: int) -> list[dict[str, Any]]:
    return [{"email": f"p{number}@example.com"} for number in range(count)]


@pytest.fixture
def waiting(actors, company, monkeypatch) -> ImportJob:
    """A job of 25 rows that is left to the worker, which stores 10 at a time."""
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 5)
    monkeypatch.setattr(jobs, "BATCH", 10)
    job = import_rows(many(25), actors.manager)
    assert (job["status"], job["processed"]) == ("QUEUED", 0)
    return ImportJob.objects.get()


def test_the_same_input_while_its_job_waits_is_that_job(waiting, actors):
    again = data(IMPORT, actor=actors.manager, variables={"input": many(25)})["importPeoples"]
    other = data(IMPORT, actor=actors.manager, variables={"input": many(24)})["importPeoples"]

    assert again == str(waiting.uuid)
    assert other != again


def test_long_jobs_are_run_by_the_command(waiting, actors):
    call_command("run_imports", "--once")

    waiting.refresh_from_db()
    assert (waiting.status, waiting.created, waiting.payload) == (ImportStatus.COMPLETED, 25, None)
    assert Person.objects.count() == 25


def test_a_job_that_was_cut_off_goes_on_at_its_last_batch(waiting, actors, monkeypatch):
    store = Processor._process

    def die_at_17(processor: Processor, given: Any, *rest: Any) -> Any:
        if given.record.number == 17:
            raise KeyboardInterrupt
        return store(processor, given, *rest)

    monkeypatch.setattr(Processor, "_process", die_at_17)
    with pytest.raises(KeyboardInterrupt):
        run_waiting_jobs(threading.Event())
    assert Person.objects.count() == 10
    monkeypatch.setattr(Processor, "_process", store)

    # A worker may still be running it, so it is left alone until its lease is over.
    assert run_waiting_jobs(threading.Event()) == 0
    pass_time(ImportJob, share=0.5)
    assert run_waiting_jobs(threading.Event()) == 0
    pass_time(ImportJob, share=0.6)
    assert run_waiting_jobs(threading.Event()) == 1

    waiting.refresh_from_db()
    assert (waiting.status, waiting.processed, waiting.created) == (ImportStatus.COMPLETED, 25, 25)
    assert Person.objects.count() == 25


def test_a_worker_that_is_stopped_gives_its_job_back(waiting, actors):
    stop_answers = iter([False, True])

    jobs.run_job(waiting, actor=actors.manager, is_stopped=lambda: next(stop_answers))

    assert Person.objects.count() == 10
    assert run_waiting_jobs(threading.Event()) == 1
    assert Person.objects.count() == 25


def test_a_job_of_somebody_who_may_no_longer_import_fails(waiting, tenant):
    tenant.company.memberships.update(is_active=False)

    run_waiting_jobs(threading.Event())

    waiting.refresh_from_db()
    assert waiting.status == ImportStatus.FAILED
    assert waiting.error == "The user who started the import may no longer import."
    assert not Person.objects.exists()


def test_a_job_is_claimed_once(waiting):
    one, other = (claims.claim(waiting) for _ in range(2))

    assert (one, other) == (waiting, None)


def test_statements_of_the_list_do_not_grow(actors, standard_executor):
    document = "{ imports { data { uuid total user { displayname } errors(first: 2) { row message } } } }"

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            data(document, actor=actors.viewer)
        return len(queries)

    import_rows([{"email": "bad"}] * 3, actors.manager)
    one = statements()
    for number in range(5):
        import_rows([{"email": f"bad{number}"}] * 3, actors.manager)

    assert statements() == one == 2
    jobs_listed = data(document, actor=actors.viewer)["imports"]["data"]
    assert [[error["row"] for error in job["errors"]] for job in jobs_listed] == [[1, 2]] * 6
