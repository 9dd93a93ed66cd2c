"""Preview a stored file before it is imported: its form, its columns, the first values of each."""

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from django.core import signing

from crm.actors import Action, Actor
from crm.importing.columns import proposed_fields
from crm.importing.drafts import SALT, Draft, FileGone, draft_of, opened
from crm.importing.files.options import FileRefused
from crm.importing.files.rows import Description, Row, Table
from crm.importing.given_fields import given_fields
from crm.importing.options import ImportOptions
from crm.importing.sources import Source, open_source, open_titled, source_of
from crm.models.imports import ImportJob
from crm.records.registry import import_kind

#: Rows that are read to show a file; its plan reads all.
LOOKED_AT = 1_000
SAMPLES = 3
#: Cells of later lines are not shown beside a plan: the file would be read up to them for each page.
LAST_SHOWN_LINE = 20_000


@dataclass(frozen=True, kw_only=True)
class SeenColumn:
    """A column of a file: its number from 1, title, first values, and field; None is left out."""

    number: int
    title: str
    samples: Sequence[str]
    field: str | None
    #: What a column is for that is no field itself.
    part_of: str = ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The recognised form of a file, and the reason if it cannot be imported as it is."""

    form: Description | None = None
    product: str | None = None
    #: The product that external ids are from.
    source: str | None = None
    not_stored: Sequence[str] = ()
    columns: Sequence[SeenColumn] = ()
    refused: str = ""

    @property
    def mark(self) -> str:
        """Equal for the same titles: what was chosen for columns is of no use for others."""
        return signing.Signer(salt=SALT).signature(json.dumps([each.title for each in self.columns]))[:16]


def look(draft: Draft, options: ImportOptions, *, actor: Actor) -> Seen:
    """Return what a file seems to be, with the first values of its columns.

    :raises FileGone: if it is not there any more.
    """
    actor.require(Action.IMPORT)
    rows = import_kind(draft.model).row_import
    try:
        with opened(draft) as file, open_titled(file, rows, options=options) as table:
            return _seen(table, rows, options, actor)
    except FileRefused as refused:
        return Seen(refused=refused.message)


def _seen(table: Table, rows: Any, options: ImportOptions, actor: Actor) -> Seen:
    source, refused = None, ""
    try:
        source = source_of(table, rows, actor=actor, options=options)
    except FileRefused as mapping:
        refused = mapping.message
    samples: list[list[str]] = [[] for _ in table.columns]
    try:
        for _, row in zip(range(LOOKED_AT), table.rows(), strict=False):
            _take_samples(row, samples)
            if source is not None and not refused and source.reader.why_left_out(row) is None:
                refused = _doubt(source, row)
    except FileRefused as broken:
        refused = refused or broken.message
    fields, parts = _fields(table, rows, options, source)
    columns = [
        SeenColumn(
            number=place + 1,
            title=title,
            samples=samples[place],
            field=fields[place],
            part_of=parts.get(place, ""),
        )
        for place, title in enumerate(table.columns)
    ]
    mapping_ = source.mapping if source is not None else None
    return Seen(
        form=table.description,
        product=mapping_.product if mapping_ else None,
        source=mapping_.source if mapping_ else None,
        not_stored=mapping_.not_stored if mapping_ else (),
        columns=columns,
        refused=refused,
    )


def _take_samples(row: Row, samples: Sequence[list[str]]) -> None:
    for cell, known in zip(row.cells, samples, strict=False):
        text = " ".join(cell.split())
        if text and len(known) < SAMPLES and text not in known:
            known.append(text)


def _doubt(source: Source, row: Row) -> str:
    try:
        source.reader.check(row)
    except FileRefused as refused:
        return refused.message
    return ""


def _fields(
    table: Table, rows: Any, options: ImportOptions, source: Source | None
) -> tuple[list[str | None], dict[int, str]]:
    """Return the fields of the columns, and what those are a part of that are none."""
    if source is None:
        known = proposed_fields(table.columns, rows.kind, rows.columns, file_format=table.description.format)
        given: dict[int, str | None] = {}
        # What names a column that is not there is the reason for the refusal.
        with suppress(FileRefused):
            given = given_fields(table.columns, options.columns)
        return [given.get(place, name) for place, name in enumerate(known)], {}
    mapping = source.mapping
    parts = {place: name for name, places in mapping.compose.items() for place in places}
    parts |= dict.fromkeys(mapping.left_out, "which rows are left out")
    chosen = given_fields(table.columns, options.columns).keys()
    own = {place for place, name in enumerate(mapping.fields) if name is not None or place in chosen}
    return list(mapping.fields), {place: said for place, said in parts.items() if place not in own}


def cells_of(job: ImportJob, lines: Collection[int], *, actor: Actor) -> dict[int, dict[str, str]]:
    """Return the texts of some rows of a kept file by field, for those that are near enough to its start."""
    draft = draft_of(job)
    last = max((line for line in lines if line <= LAST_SHOWN_LINE), default=0)
    if draft is None or not last:
        return {}
    payload: Any = job.payload
    options = ImportOptions.from_json(payload["options"])
    rows = import_kind(job.model).row_import
    try:
        with opened(draft) as file, open_source(file, rows, actor=actor, options=options) as source:
            near = takewhile(lambda row: row.line <= last, source.table.rows())
            return {row.line: source.reader.read(row)[0] for row in near if row.line in lines}
    except (FileRefused, FileGone):
        return {}
