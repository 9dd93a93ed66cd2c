"""Plans of imports: what a dry run says of each row, kept as JSON Lines, and applied exactly."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Self
from uuid import UUID

from crm.database.keys import parse_uuid
from crm.errors import BadUserInput
from crm.models.imports import ImportJob, ImportRow, RowAction

#: The form of the file.
FORM = 1
#: Facts of an import that its plan repeats: the file is applied to no other one.
FACTS = ("model", "sha256", "options", "on_match", "split_phones", "company")
#: Rows of a plan that are read together.
PAGE = 500
WRITTEN = frozenset({RowAction.CREATE, RowAction.UPDATE})


class PlanRefused(BadUserInput):
    """The plan is not one of this import; the message says what to do."""


class ChangedSincePlan(Exception):
    """A row would do something else now than the plan says."""


@dataclass(frozen=True, kw_only=True)
class PlannedRow:
    """A row of a plan; its record is known by its id, or by the row of the plan that makes it."""

    number: int
    action: RowAction
    key: str = ""
    object_id: int | None = None
    of_row: int | None = None
    version: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""

    @classmethod
    def of(cls, row: ImportRow) -> Self:
        return cls(
            number=row.number,
            action=RowAction(row.action),
            key=row.key,
            object_id=row.object_id,
            of_row=row.of_row,
            version=row.version_before,
            changes=row.changes,
            code=row.code,
            message=row.message,
        )

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        key = values.get("id")
        return cls(
            number=int(values["row"]),
            action=RowAction(str(values["action"]).upper()),
            key=values.get("key", ""),
            object_id=None if key is None else int(key),
            of_row=values.get("of_row"),
            version=values.get("version"),
            changes=values.get("changes") or {},
            code=values.get("code", ""),
            message=values.get("error", ""),
        )

    def as_json(self) -> dict[str, Any]:
        values = {
            "row": self.number,
            "action": self.action.value.lower(),
            "key": self.key,
            "id": None if self.object_id is None else str(self.object_id),
            "of_row": self.of_row,
            "version": self.version,
            "changes": self.changes,
            "code": self.code,
            "error": self.message,
        }
        return {name: value for name, value in values.items() if value not in (None, "", {})}

    def check(self, row: ImportRow, target: int | None) -> None:
        """Compare what a row has just done with the plan.

        :param target: the record that the plan means.
        :raises ChangedSincePlan: if it is something else.
        """
        if row.action != self.action:
            raise ChangedSincePlan(_otherwise(self, row))
        if self.action != RowAction.UPDATE:
            return
        if row.object_id != target:
            raise ChangedSincePlan(f"Now another record is meant: {row.object_id}.")
        if row.version_before != self.version:
            raise ChangedSincePlan(
                f"The record was changed since the plan: its version is {row.version_before},"
                f" and was {self.version}."
            )
        if _comparable(row.changes) != _comparable(self.changes):
            raise ChangedSincePlan("The row would change the record otherwise now. Make a new plan.")


def _otherwise(planned: PlannedRow, row: ImportRow) -> str:
    now = f"{row.action.lower()} {row.object_id or ''}".strip()
    return f"The plan says {planned.action.lower()}, but now it would be: {now}. Make a new plan."


def _comparable(changes: Mapping[str, Any]) -> Any:
    """Return changes without the keys of related rows: the plan itself may have made those."""

    def named(value: Any) -> Any:
        return value.get("name") if isinstance(value, dict) and set(value) == {"id", "name"} else value

    return json.loads(json.dumps({name: [*map(named, change)] for name, change in changes.items()}))


def write_plan(job: ImportJob, facts: Mapping[str, Any], counts: Mapping[str, Any], file: IO[str]) -> None:
    """Write the plan of a dry run: a line about the import, then one for each row."""
    head = {"plan": FORM, "job": str(job.uuid), "file": job.filename, **facts, "counts": dict(counts)}
    file.write(json.dumps(head, ensure_ascii=False) + "\n")
    for row in ImportRow.objects.filter(job=job).order_by("number").iterator(chunk_size=PAGE):
        file.write(json.dumps(PlannedRow.of(row).as_json(), ensure_ascii=False) + "\n")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan to apply: the dry run that it is of, and its rows, read anew by each call."""

    job: UUID
    #: What the file says of the import; without a file the fingerprint of the dry run stands for it.
    facts: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    user_id: int | None = None
    lines: IO[str] | None = None

    def rows(self) -> Iterator[PlannedRow]:
        """Yield the rows in the order of the input."""
        if self.lines is None:
            rows = ImportRow.objects.filter(job__uuid=self.job).order_by("number")
            last = 0
            # A cursor of the database would end with the transaction of the first batch.
            while page := list(rows.filter(number__gt=last)[:PAGE]):
                yield from map(PlannedRow.of, page)
                last = page[-1].number
            return
        self.lines.seek(0)
        next(self.lines)
        for number, line in enumerate(self.lines, 2):
            try:
                yield PlannedRow.read(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise PlanRefused(f"Line {number} of the plan is no row of a plan.") from error

    def check(self, facts: Mapping[str, Any], fingerprint: str) -> None:
        """Refuse to apply the plan to another import than the one that it was made of.

        :param fingerprint: that of the dry run of the import.
        :raises PlanRefused: with what differs, if the plan is a file.
        """
        if self.lines is None:
            if fingerprint != self.fingerprint:
                raise PlanRefused("The plan was made for another file or other options. Make a new plan.")
            return
        given = json.loads(json.dumps(dict(facts), default=str))
        differ = [name for name in FACTS if self.facts.get(name) != given.get(name)]
        if differ:
            words = {"sha256": "the file", "on_match": "--on-match", "split_phones": "--split-phones"}
            named = ", ".join(words.get(name, name) for name in differ)
            raise PlanRefused(f"The plan was made for another import: {named} differ. Make a new plan.")


def read_plan(lines: IO[str]) -> Plan:
    """Return the plan of a file.

    :raises PlanRefused: if it is none.
    """
    try:
        head = json.loads(lines.readline())
        if head["plan"] != FORM or (job := parse_uuid(head["job"])) is None:
            raise KeyError
    except (ValueError, KeyError, TypeError) as error:
        raise PlanRefused("The file is no plan: name one that --plan has written.") from error
    return Plan(job=job, facts=head, lines=lines)
