"""A batch of rows takes the same statements, however many rows it has, whatever columns they have."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm.database.inserts import insert_all
from crm.database.write_behind import WriteFailed, write_behind
from crm.importing import jobs, processing
from crm.importing.running import run_import
from crm.models import Event
from crm.records.registry import import_kind, record_kind
from people.models import Contact, Person
from tests import stored
from tests.factories.crm import Tenant
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

#: The columns of records of every kind.
EVERY = "external_id,external_source,tags,custom_fields.segment,owner,created_at,note"
#: The columns of each kind, and a row of them by its number.
FILES: dict[str, tuple[str, Callable[[int], str]]] = {
    "PEOPLE": (
        f"firstname,email,phone,organization,position,city,dob,{EVERY}",
        lambda n: f"P{n},p{n}@x.example,+1 212 555 {n:04},Org {n % 5},Clerk,Rome,1980-01-02",
    ),
    "ORGANIZATION": (f"name,address,{EVERY}", lambda n: f"Firm {n},Via {n}"),
    "ACTIVITY": (
        "record_kind,record_external_id,record_external_source,kind,subject,assignee,due_at,owner,created_at",
        lambda n: f"people,a{n % 5},hubspot,TASK,Call {n},colleague@tenant,2024-05-01,,2024-03-01 10:00",
    ),
    "LEAD": (
        f"title,email,organization,stage,amount,expected_close_on,{EVERY}",
        lambda n: f"Deal {n},p{n}@x.example,Org {n % 5},Proposal,{n}.50,2030-01-02",
    ),
}

#: What is written otherwise in each row of a known record: texts, contacts, addresses, stages and amounts.
OTHERWISE = {
    "PEOPLE": {"P": "Q", "555": "666", "Rome": "Oslo", ";T": ";New", ",S": ",Z"},
    "ORGANIZATION": {"Via": "Rue", ";T": ";New", ",S": ",Z"},
    "LEAD": {"Deal": "Sale", "Proposal": "Negotiation", ".50": ".75", ";T": ";New", ",S": ",Z"},
}


def file_of(kind: str, number: int, *, is_changed: bool = False) -> str:
    columns, row = FILES[kind]
    every = ",x{n},hubspot,VIP;T,S{n},colleague@tenant,2024-03-01 10:00,Met {n}" if EVERY in columns else ""
    rows = (row(n) + every.format(n=n) for n in range(number))
    # A line more: another file with the same rows.
    return "\n".join([columns, *rows, *(["", ""] if is_changed else [""])])


@pytest.fixture
def world(tenant: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    settings.IMPORT_SINGLE_EVENTS = 0
    for name in ("BATCH", "LARGE_BATCH"):
        monkeypatch.setattr(jobs, name, 50)
    # Those that activities are about.
    talked = "".join(f"Talked {n},a{n},hubspot\n" for n in range(5))
    import_text(f"firstname,external_id,external_source\n{talked}", "PEOPLE", tenant)
    return tenant


def import_text(text: str, kind: str, tenant: Tenant, *, refused: int = 0) -> Any:
    errors: list[Any] = []
    summary = run_import(
        io.BytesIO(text.encode()),
        import_kind(kind).row_import,
        actor=tenant.actors.manager,
        on_error=errors.append,
    )
    assert len(errors) == refused, errors
    return summary


def statements(work: Callable[[], object]) -> list[str]:
    sent: list[str] = []

    def note(execute: Any, sql: Any, *given: Any) -> Any:
        sent.append(str(sql))
        return execute(sql, *given)

    with connection.execute_wrapper(note):
        work()
    return sent


@pytest.mark.parametrize("kind", FILES)
def test_the_statements_of_a_batch_do_not_grow_with_its_rows(world, kind):
    def sent(number: int) -> tuple[list[str], list[str]]:
        with stored.rolled_back():
            new = statements(lambda: import_text(file_of(kind, number), kind, world))
            summary: list[Any] = []
            text = file_of(kind, number, is_changed=True)
            known = statements(lambda: summary.append(import_text(text, kind, world)))
            assert summary[0].unchanged == number
        return new, known

    sent(1)
    # Keys are fetched a hundred at a time: contacts are two for each person.
    (few, few_known), (many, many_known) = sent(5), sent(40)
    assert len(many) == len(few), [sql for sql in many if sql not in few]
    assert len(many_known) == len(few_known), [sql for sql in many_known if sql not in few_known]


@pytest.mark.parametrize("kind", OTHERWISE)
def test_the_statements_of_changes_do_not_grow_with_their_number(world, kind):
    def sent(number: int) -> list[str]:
        columns, *rows = file_of(kind, number).splitlines()
        for old, new in OTHERWISE[kind].items():
            rows = [row.replace(old, new) for row in rows]
        with stored.rolled_back():
            import_text(file_of(kind, number), kind, world)
            summary: list[Any] = []
            text = "\n".join([columns, *rows, ""])
            found = statements(lambda: summary.append(import_text(text, kind, world)))
            assert (summary[0].updated, summary[0].unchanged) == (number, 0)
        return found

    sent(1)
    few, many = sent(5), sent(40)
    assert len(many) == len(few), [sql for sql in many if sql not in few]


@pytest.mark.parametrize("kind", ["PEOPLE", "LEAD"])
def test_rows_that_are_refused_take_no_statements_from_the_others(world, kind):
    def sent(number: int) -> int:
        columns, *rows = file_of(kind, number).splitlines()
        # Every other row has a time of creation that is none.
        bad = [row.replace("2024-03-01 10:00", "soon") if n % 2 else row for n, row in enumerate(rows)]
        text = "\n".join([columns, *bad, ""])
        with stored.rolled_back():
            return len(statements(lambda: import_text(text, kind, world, refused=number // 2)))

    sent(2)
    few, many = sent(6), sent(40)
    assert many == few


def contact_rows(number: int) -> str:
    lines = [f"P{n},p{n}@x.example,+1 212 555 {n:04},VIP,S{n}" for n in range(number)]
    return "\n".join(["firstname,email,phone,tags,custom_fields.segment", *lines]) + "\n"


def test_what_the_database_refuses_is_written_one_by_one_and_reported(world, monkeypatch):
    def refuse(_: object) -> Any:
        raise WriteFailed("unknown")

    monkeypatch.setattr(processing, "write_behind", refuse)
    content = contact_rows(3) + "Bad,bad,,,\n"

    for dry_run in (True, False):
        errors: list[Any] = []
        summary = run_import(
            io.BytesIO(content.encode()),
            record_kind("PEOPLE").row_import,
            actor=world.actors.manager,
            dry_run=dry_run,
            on_error=errors.append,
        )
        assert (summary.created, [error.line for error in errors]) == (3, [5])

    assert Person.objects.filter(email__startswith="p").count() == 3
    with pytest.raises(WriteFailed) as failed:
        twice(Contact.objects.filter(person__email="p0@x.example").earliest("pk"))
    assert isinstance(failed.value.__cause__, IntegrityError)
    assert not Event.objects.filter(entity="x").exists()


def twice(contact: Contact) -> None:
    """Insert a row, and one whose key is taken."""
    event = Event(company_id=contact.company_id, entity="x", object_id=1, kind="created", door="command")
    with transaction.atomic(), write_behind():
        insert_all([event])
        insert_all([contact])
