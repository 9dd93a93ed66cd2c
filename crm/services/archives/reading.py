"""Makes the company of an archive in this installation: all of it in one transaction, or nothing."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction
from django.db.models import ForeignKey, Max, Model
from django.db.models.sql import InsertQuery

from crm.models import AuditEvent, Company, Filesystem, Membership, Notification, User
from crm.models.files import stored_name
from crm.models.notifications import NotificationDelivery
from crm.services import audit, file_quota
from crm.services.archives import format as archive
from crm.services.archives import values
from crm.services.archives.accounts import account_for
from crm.services.archives.checking import (
    DAMAGED,
    UNREADABLE,
    check_content,
    check_is_new,
    opened,
    read_manifest,
)
from crm.services.archives.keys import Keys
from crm.services.archives.tables import Table, shared, tables
from crm.services.files import removed_on_failure, store_content

#: Rows that are held at a time.
BATCH = 1_000
#: Keys that are left free before those of an archive: others may insert rows while it is read.
MARGIN = 10_000


@dataclass(kw_only=True)
class Made:
    """The result of importing an archive."""

    company: Company
    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    #: Names of new accounts, which have no password yet.
    accounts: list[str] = field(default_factory=list)
    #: Names of accounts that were here and are members of the company now.
    known_accounts: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class _Import:
    package: zipfile.ZipFile
    keys: Keys
    made: Made
    name: str


def read_archive(
    file: IO[bytes], *, name: str | None = None, on_table: Callable[[str, int], None] = lambda *_: None
) -> Made:
    """Make the company of an archive, with all its rows and files.

    Nothing is overwritten, and nobody hears of it: no events, webhooks, mails or history entries are made.

    :param name: of the company, in place of the one in the archive.
    :param on_table: told each table that is done, and its rows.
    :raises ValidationError: if it is no archive, damaged or of a newer version, or if the company is here.
    """
    with opened(file) as package:
        manifest = read_manifest(package)
        called = (name or manifest["company"]["name"]).strip()
        check_is_new(manifest, called)
        # Before the first row is stored.
        check_content(package, manifest)
        try:
            with removed_on_failure(), transaction.atomic():
                return _read(package, manifest, called, on_table)
        except IntegrityError as error:
            # With the uuid of one, or with a constraint that is checked at the end.
            raise ValidationError("Rows of this company are here already: nothing is overwritten.") from error
        except (KeyError, TypeError, *UNREADABLE) as error:
            raise ValidationError(DAMAGED.format(part=error)) from error


def _read(
    package: zipfile.ZipFile, manifest: archive.Manifest, name: str, on_table: Callable[[str, int], None]
) -> Made:
    parts = {part["model"]: part for part in manifest["tables"]}
    own = [table for table in tables() if table.label in parts]
    keys = Keys(distances={table.model: _distance(table.model, parts[table.label]) for table in own})
    keys.content_types = {f"{type_.app_label}.{type_.model}": type_ for type_ in ContentType.objects.all()}
    for model, rows in shared().items():
        rows.ensure()
        here = {known_by: key for key, known_by in rows.rows(model).items()}
        for key, known_by in manifest["shared"].get(model._meta.label_lower, {}).items():
            keys.shared[model, int(key)] = here[known_by]
    reading = _Import(package=package, keys=keys, made=Made(company=Company(name=name)), name=name)
    for table in own:
        part = parts[table.label]
        if table.model is User:
            _read_accounts(reading, table)
        else:
            reading.made.rows[table.label] = _read_rows(reading, table, part["columns"])
        on_table(table.label, part["rows"])
    _move_sequences([table.model for table in own])
    reading.made.company = Company.objects.get(pk=keys.of(Company, parts["crm.company"]["first"]))
    file_quota.recount(reading.made.company.pk)
    counted = f"{sum(reading.made.rows.values())} rows, {reading.made.files} files"
    audit.record(AuditEvent.COMPANY_IMPORTED, company=reading.made.company.pk, detail=counted)
    return reading.made


def _distance(model: type[Model], part: archive.PartOfTable) -> int:
    """Return what to add to the keys of a table, so that they follow those that are here."""
    if not part["rows"]:
        return 0
    taken = model._base_manager.aggregate(last=Max("pk"))["last"] or 0
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [model._meta.db_table, "id"])
            sequence = cursor.fetchone()[0]
            cursor.execute("SELECT nextval(%s::regclass)", [sequence])
            begin = max(taken, cursor.fetchone()[0]) + (MARGIN if taken else 0)
            # Others who insert meanwhile take later keys.
            size = part["last"] - part["first"] + 1
            cursor.execute("SELECT setval(%s::regclass, %s)", [sequence, begin + size])
    else:
        begin = taken + 1
    return int(begin) - part["first"]


def _move_sequences(models: list[type[Model]]) -> None:
    # Of SQLite: on PostgreSQL the sequences were moved before.
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)


def _lines(reading: _Import, name: str) -> Iterator[dict[str, Any]]:
    with reading.package.open(name) as lines:
        for line in lines:
            yield json.loads(line)


def _read_accounts(reading: _Import, table: Table) -> None:
    for row in _lines(reading, archive.table_part(table.label)):
        columns = {each.attname: values.read(each, row.get(each.attname)) for each in table.fields}
        account, is_new = account_for(columns)
        if not is_new:
            reading.keys.known_users.add(account.pk)
        reading.keys.users[row["id"]] = account.pk
        (reading.made.accounts if is_new else reading.made.known_accounts).append(account.username)


def _read_rows(reading: _Import, table: Table, columns: list[str]) -> int:
    fields = [each for each in table.fields if each.attname in columns]
    number, batch = 0, []
    for row in _lines(reading, archive.table_part(table.label)):
        batch.append(_row(reading, table, fields, row))
        if len(batch) == BATCH:
            number += _insert(table, fields, batch)
            batch = []
    return number + _insert(table, fields, batch)


def _row(reading: _Import, table: Table, fields: list[Any], row: dict[str, Any]) -> Model:
    keys, model = reading.keys, table.model
    read = {each.attname: _value(keys, each, row.get(each.attname)) for each in fields}
    if not isinstance(model._meta.pk, ForeignKey):
        read["id"] = keys.of(model, row["id"])
    if table.is_about:
        about: Any = keys.content_types[row["content_type_id"]].model_class()
        read["object_id"] = keys.of(about, row["object_id"])
    if table.shift is not None:
        table.shift(read, keys)
    if model is Company:
        read["name"] = reading.name
    elif model is Membership and read["user_id"] in reading.keys.known_users:
        # An account has one default company, and may have it here.
        read["is_default"] = False
    elif model is Notification:
        # Nobody is sent a mail about the past.
        read |= {"delivery": NotificationDelivery.IN_APP, "key": f"imported:{read['id']}"}
    elif model is Filesystem and read["stored"]:
        read["stored"] = _store_content(reading, read)
    return model(**read)


def _value(keys: Keys, column: Any, value: Any) -> Any:
    if value is None or not isinstance(column, ForeignKey):
        return values.read(column, value)
    target: Any = column.related_model
    if target is ContentType:
        return keys.content_types[value].pk
    return keys.of(target, value)


def _store_content(reading: _Import, row: dict[str, Any]) -> str | None:
    name = archive.file_part(row["uuid"])
    if name not in reading.package.NameToInfo:
        # The storage had lost it before.
        return None
    file = Filesystem(company_id=row["company_id"])
    with reading.package.open(name) as part:
        stored = store_content(stored_name(file, ""), File(part))
    reading.made.files += 1
    return stored


def _insert(table: Table, fields: list[Any], rows: list[Model]) -> int:
    """Store rows as they are, their times included."""
    size = max(1, min(BATCH, connection.ops.bulk_batch_size(fields, rows) or BATCH))
    for begin in range(0, len(rows), size):
        query = InsertQuery(table.model)
        query.insert_values(fields, rows[begin : begin + size], raw=True)
        query.get_compiler(DEFAULT_DB_ALIAS).execute_sql()
    return len(rows)
