"""Reads rows for a change: visible to the actor, and locked until the end of the transaction.

The company comes first in the order of locks: a service that may need its lock takes it before it locks a
record. Otherwise two requests could wait for each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection, models, transaction

from crm.actors import Actor
from crm.database import write_behind
from crm.database.read_once import once
from crm.database.row_locks import can_lock, locked_row
from crm.database.rows_ahead import copy_of_kept
from crm.database.statements import NotCompilable
from crm.errors import NotFound
from crm.models.activities import Activity
from crm.models.base import TenantQuerySet, pick
from crm.models.channels import SocialChannel
from crm.models.companies import Company
from crm.models.lifecycle import LiveModel, LiveQuerySet
from crm.models.records import Record

Row = TypeVar("Row", bound=models.Model)
Live = TypeVar("Live", bound=LiveModel)
Found = TypeVar("Found")
#: Values of columns by attribute name.
Columns = Mapping[str, Any]

#: PostgreSQL's word for a lock that was waited for too long.
LOCK_NOT_AVAILABLE = "55P03"
#: Its word for two transactions that wait for each other, of which it ends one.
DEADLOCK = "40P01"
#: How often work in the background waits for the company, each time for ``lock_timeout``.
MOST_WAITS = 30

_rolled_back: ContextVar[bool] = ContextVar("rolled_back", default=False)
#: The company that this transaction has locked already.
_held: ContextVar[int | None] = ContextVar("held", default=None)


def lock_company(company_id: int) -> None:
    """Lock a company, so that changes of its single rows, of their order, and of what is shared, take turns.

    FOR NO KEY UPDATE does not block rows that only refer to the company.
    """
    if not _rolled_back.get() and _held.get() != company_id:
        Company.objects.select_for_update(no_key=True).get(pk=company_id)


def is_lock_timeout(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


def is_deadlock(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK


def is_waited_for() -> bool:
    """Return whether another transaction waits for a row that this one has locked; SQLite does not tell."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks waiting JOIN pg_locks held USING (transactionid)"
            " WHERE NOT waiting.granted AND held.granted AND held.pid = pg_backend_pid())"
        )
        [answer] = cursor.fetchone()
    return bool(answer)


def lock_company_patiently(company_id: int) -> None:
    """Lock a company as ``lock_company`` does, for work in the background: however long others hold it."""
    for _ in range(MOST_WAITS - 1):
        try:
            # A savepoint: the lock stays until the end of the transaction.
            with transaction.atomic():
                lock_company(company_id)
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
        else:
            return
    lock_company(company_id)


@contextmanager
def without_company_lock() -> Iterator[None]:
    """Leave the company unlocked in a transaction that is rolled back, however long it takes."""
    token = _rolled_back.set(True)
    try:
        yield
    finally:
        _rolled_back.reset(token)


@contextmanager
def holding_company(company_id: int) -> Iterator[None]:
    """Lock a company for many changes in one transaction, each of which need not lock it again.

    The block must end before the transaction does.
    """
    lock_company_patiently(company_id)
    token = _held.set(company_id)
    try:
        yield
    finally:
        _held.reset(token)


def find_or_create(find: Callable[[], Found | None], create: Callable[[], Found], *, actor: Actor) -> Found:
    """Return what is found, else what is created; of several requests at the same time one creates it.

    What is known already is found without a lock.
    """
    found = find()
    if found is None:
        found = find_locked(find, lambda again: again is not None, company_id=actor.company_id)
    return create() if found is None else found


def find_locked(find: Callable[[], Found], suffices: Callable[[Found], bool], *, company_id: int) -> Found:
    """Return what is found under the lock of the company: another request may have created it meanwhile.

    The lock is kept for the rest of the transaction only if what is found does not suffice.
    """
    with transaction.atomic():
        lock_company(company_id)
        found = find()
        if suffices(found):
            # A savepoint that is rolled back releases its locks: others need not wait for the commit.
            transaction.set_rollback(True)
    return found


def lock(model: type[Row], actor: Actor, key: object, *, argument: str = "id") -> Row:
    """Return the visible row with this key, locked until the end of the transaction.

    A record that a batch has read ahead is locked just before its change is written, if nobody has changed it
    until then; otherwise the batch begins anew.

    :param argument: path of the input that named the key, for the error.
    :raises NotFound: if no such row exists for the actor.
    """
    ahead = _read_ahead(model, key)
    if ahead is not None:
        return ahead
    if can_lock():
        try:
            found = locked_row(model, actor, key)
        # The compiled statement covers most scopes; the query set below covers all.
        except NotCompilable:
            pass
        else:
            if found is None:
                raise NotFound(argument)
            return found
    rows: Any = model._default_manager.all()
    locked: Row = lock_among(rows, actor, key, argument=argument)
    return locked


def _read_ahead(model: type[Row], key: object) -> Row | None:
    batch = write_behind.current()
    if batch is None or not issubclass(model, Record):
        return None
    row: Any = copy_of_kept(model, key)
    if row is not None:
        batch.expect(model, row.pk, row.version)
    found: Row | None = row
    return found


def lock_among(rows: TenantQuerySet[Row], actor: Actor, key: object, *, argument: str = "id") -> Row:
    """Return the visible row of a query set, as ``lock`` does."""
    return pick(rows.visible_to(actor).select_for_update(of=("self",)), key, argument=argument)


def lock_deleted(rows: LiveQuerySet[Live], actor: Actor, key: object) -> Live:
    """Return the row with this key, deleted or not, locked until the end of the transaction.

    :raises NotFound: if no such row exists, or existed, for the actor.
    """
    return pick(rows.with_deleted_for(actor).select_for_update(of=("self",)), key)


def lock_record_of(row: Activity | SocialChannel, actor: Actor) -> Record:
    """Return the record that a row belongs to, locked until the end of the transaction.

    A batch that has noted it by ``note_seen`` sends no statement.

    :raises NotFound: if it is hidden from the actor.
    """
    model: Any = ContentType.objects.get_for_id(row.content_type_id).model_class()
    record: Record = _seen(model).get(row.object_id) or lock_among(model.objects.all(), actor, row.object_id)
    return record


def note_seen(model: type[Record], records: Iterable[Record]) -> None:
    """Note records that a batch has just locked, all of them visible to its actor."""
    _seen(model).update((record.pk, record) for record in records)


def _seen(model: type[Record]) -> dict[int, Record]:
    return once(("locked and seen", model), dict)


def column_values(instance: models.Model) -> Columns:
    """Return the columns of a row by attribute name, the version included."""
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def stored_values(instance: models.Model, actor: Actor) -> Columns:
    """Lock the row of an instance that was changed in memory, and return its stored columns.

    :raises NotFound: if the row is gone, or hidden from the actor.
    """
    return column_values(lock(type(instance), actor, instance.pk))
