"""Writes everything of one company into an archive, as it is at one moment and in constant memory."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db.models import ForeignKey

from crm.actors import Action, Actor
from crm.database.snapshots import snapshot
from crm.models import AuditEvent, Company, Filesystem, User
from crm.services import audit
from crm.services.archives import format as archive
from crm.services.archives import values
from crm.services.archives.tables import Table, left_out, shared, tables

#: Rows that are held at a time.
BATCH = 2_000


@dataclass(kw_only=True)
class Written:
    """The contents of an archive."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    #: The uuids of files whose content the storage has no more.
    missing: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class _Export:
    company: Company
    package: zipfile.ZipFile
    done: Written = field(default_factory=Written)
    #: Accounts that rows refer to.
    users: set[int] = field(default_factory=set)
    labels: dict[int, str] = field(default_factory=dict)


def write_archive(file: IO[bytes], *, actor: Actor) -> Written:
    """Write the archive of the actor's company.

    Left out is what another installation must not have or makes anew: see ``tables.left_out``.
    """
    actor.require(Action.MANAGE_COMPANY)
    with snapshot(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        company = Company.objects.get(pk=actor.company_id)
        export = _Export(company=company, package=package)
        export.labels = {type_.pk: f"{type_.app_label}.{type_.model}" for type_ in ContentType.objects.all()}
        files = _write_files(export)
        # Accounts last: rows of the others say which ones.
        parts = [_write_table(export, table) for table in reversed(tables())]
        manifest: archive.Manifest = {
            "format": archive.FORMAT,
            "version": archive.VERSION,
            "company": {"name": company.name, "uuid": str(company.uuid)},
            "made_at": datetime.now(UTC).isoformat(),
            "shared": _shared(),
            "tables": parts[::-1],
            "files": files,
        }
        package.writestr(archive.MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    user = User.objects.filter(pk=actor.user_id).first()
    detail = f"archive of the company, {sum(export.done.rows.values())} rows, {export.done.files} files"
    audit.record(AuditEvent.EXPORT, user=user, company=company.pk, detail=detail)
    return export.done


def _write_files(export: _Export) -> dict[str, Any]:
    """Write the contents of stored files, and return what the manifest says of them."""
    rows = Filesystem._base_manager.filter(company=export.company).exclude(stored=None).exclude(stored="")
    with tempfile.TemporaryFile() as listed:
        for uuid, name in rows.order_by("pk").values_list("uuid", "stored").iterator(chunk_size=BATCH):
            try:
                content = default_storage.open(str(name))
            except FileNotFoundError:
                export.done.missing.append(str(uuid))
                continue
            with content, export.package.open(archive.file_part(uuid), "w", force_zip64=True) as part:
                writer = archive.HashedWriter(part)
                while chunk := content.read(archive.CHUNK):
                    writer.write(chunk)
            line = {"uuid": str(uuid), "size": writer.size, "sha256": writer.sha256}
            listed.write(values.line(line))
            export.done.files += 1
        listed.seek(0)
        with export.package.open(archive.FILES, "w", force_zip64=True) as part:
            writer = archive.HashedWriter(part)
            while chunk := listed.read(archive.CHUNK):
                writer.write(chunk)
    return {"number": export.done.files, "sha256": writer.sha256}


def _write_table(export: _Export, table: Table) -> archive.PartOfTable:
    fields = table.fields
    number, first, last = 0, 0, 0
    with export.package.open(archive.table_part(table.label), "w", force_zip64=True) as part:
        writer = archive.HashedWriter(part)
        for batch in _batches(export, table):
            for row in batch:
                writer.write(values.line({each.attname: _written(export, each, row) for each in fields}))
            first, last = first or batch[0]["pk"], batch[-1]["pk"]
            number += len(batch)
    export.done.rows[table.label] = number
    return {
        "model": table.label,
        "columns": [each.attname for each in fields],
        "rows": number,
        "sha256": writer.sha256,
        "first": first,
        "last": last,
    }


def _batches(export: _Export, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table in the order of their keys."""
    is_account = table.model is User
    rows = User.objects.filter(pk__in=export.users) if is_account else table.rows(export.company.pk)
    names = [each.attname for each in table.fields]
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values("pk", *names)[:BATCH]):
        yield batch
        last = batch[-1]["pk"]


def _written(export: _Export, column: Any, row: dict[str, Any]) -> Any:
    value = row[column.attname]
    if value is None or not isinstance(column, ForeignKey):
        return values.written(column, value)
    target = column.related_model
    if target is User:
        export.users.add(value)
    if target is ContentType:
        return export.labels[value]
    if target in left_out():
        return None
    return value


def _shared() -> dict[str, dict[str, str]]:
    return {
        model._meta.label_lower: {str(key): known_by for key, known_by in rows.rows(model).items()}
        for model, rows in shared().items()
    }
