"""Turns an uploaded file into an import job, after checking that the whole file can be read."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import BinaryIO

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.files import File

from crm.actors import Action, Actor
from crm.importing import job_records
from crm.importing.jobs import run_if_short
from crm.importing.mapping import map_header
from crm.importing.reading import FileRefused, read_header, read_rows
from crm.importing.tables import as_csv, delimiter_of
from crm.models.imports import DuplicatePolicy, ImportJob
from crm.records.registry import record_kind
from crm.services import nesting
from crm.services.contents import refused_when_full, remove_content, write_content

#: How much of a file is read at a time, in bytes.
PIECE = 1 << 20


def start_file_job(
    upload: File[bytes],
    model: str,
    *,
    actor: Actor,
    mapping: object,
    on_duplicate: DuplicatePolicy,
    dry_run: bool,
    encoding: str | None = None,
    split_phones: bool = False,
) -> ImportJob:
    """Store a job for a CSV or XLSX file, and run it at once if it is short.

    :param mapping: titles of columns to fields; null leaves a column out; others are known by their names.
    :param split_phones: part cells with several phone numbers instead of refusing them.
    :param encoding: of a CSV file that is neither UTF-8 nor marked as UTF-16.
    :raises ValidationError: keyed ``file`` or ``mapping``, if one of them cannot be understood.
    """
    actor.require(Action.IMPORT)
    try:
        with refused_when_full(), as_csv(upload, encoding=encoding) as table:  # type: ignore[arg-type]  # a file of bytes
            delimiter = delimiter_of(table)
            records = read_rows(table, delimiter=delimiter)
            fields = _fields(read_header(records), model, mapping)
            total = sum(1 for _ in records)
            table.seek(0)
            digest = _digest_of(table)
            table.seek(0)
            stored = write_content(_new_name(actor.company_id), File(table))
    except FileRefused as refused:
        raise ValidationError({"file": [refused.message]}) from refused
    payload = {"file": stored, "fields": fields, "delimiter": delimiter, "split_phones": split_phones}
    is_new = False
    try:
        with nesting.renamed({NON_FIELD_ERRORS: "file"}):
            job, is_new = job_records.open_job(
                model,
                payload,
                actor=actor,
                total=total,
                on_duplicate=on_duplicate,
                dry_run=dry_run,
                filename=(upload.name or "")[:255] or None,
                identity=[digest, fields, split_phones],
            )
    finally:
        if not is_new:
            remove_content(stored)
    return run_if_short(job, actor=actor) if is_new else job


def _new_name(company_id: int) -> str:
    return f"{job_records.STORED_BELOW}/{company_id}/{uuid.uuid4().hex}"


def _digest_of(table: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := table.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _fields(titles: list[str], model: str, mapping: object) -> list[str | None]:
    """Return the field of each column; None for a column that is left out.

    :raises ValidationError: keyed ``mapping``.
    :raises FileRefused: if a title that the mapping does not name is unknown.
    """
    columns = record_kind(model).row_import.columns
    named = _checked(mapping, titles)
    taken = [(place, named.get(title.strip(), title)) for place, title in enumerate(titles)]
    kept = [(place, title) for place, title in taken if title is not None]
    try:
        known = map_header([title for _, title in kept], columns)
    except FileRefused as refused:
        # Where a mapping was given, it is the mapping that has to be mended.
        raise ValidationError({"mapping" if named else "file": [refused.message]}) from refused
    fields: list[str | None] = [None] * len(titles)
    for (place, _), field in zip(kept, known, strict=True):
        fields[place] = field
    return fields


def _checked(mapping: object, titles: list[str]) -> Mapping[str, str | None]:
    if mapping is None:
        return {}
    if not isinstance(mapping, dict) or not all(
        value is None or isinstance(value, str) for value in mapping.values()
    ):
        raise ValidationError({"mapping": ["Enter an object of titles and fields."]})
    present = {title.strip() for title in titles}
    unknown = sorted(title for title in mapping if title.strip() not in present)
    if unknown:
        raise ValidationError({"mapping": [f"The file has no column {', '.join(unknown)}."]})
    return {title.strip(): field for title, field in mapping.items()}
