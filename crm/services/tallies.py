"""Checks and repairs tallies, the sums over rows that triggers maintain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection, transaction

from crm.database.tally_triggers import TalliedTable
from crm.models.tallies import TalliedModel


@dataclass(frozen=True, kw_only=True, order=True)
class WrongTally:
    """What a tally lacks for the rows of a place; negative if it has too much."""

    company_id: int
    kind: str
    #: The keys of the tally, such as pipeline and stage; empty if there is one tally for all rows.
    place: str
    lacks: tuple[Decimal, ...]

    def __str__(self) -> str:
        place = f", {self.place}" if self.place else ""
        differences = ", ".join(f"{-each:+}" for each in self.lacks)
        return f"{self.kind} of company {self.company_id}{place}: {differences}"


def find_wrong_tallies() -> list[WrongTally]:
    """Sum up every row; return the wrong tallies of all companies."""
    found = []
    with connection.cursor() as cursor:
        for table in _tallied_tables():
            cursor.execute(table.wrong())
            found += [_wrong(table, row) for row in cursor.fetchall()]
    return sorted(found)


def _wrong(table: TalliedTable, row: Sequence[Any]) -> WrongTally:
    values = dict(zip(table.columns.split(", "), row, strict=True))
    keys = [values[name] for name in table.keys if name != "kind"]
    return WrongTally(
        company_id=values["company_id"],
        kind=table.kind,
        # A key of 0 stands for none.
        place="/".join(str(key) for key in keys if key),
        lacks=tuple(Decimal(values[name]) for name in table.sums),
    )


@transaction.atomic
def correct_tallies() -> int:
    """Correct the tallies of all companies while others write; return how many were wrong."""
    corrected = 0
    tables = list(_tallied_tables())
    with connection.cursor() as cursor:
        for name in sorted({table.tallies for table in tables}):
            # Two corrections at once would both add the difference. This lock does not block writers.
            cursor.execute(f"LOCK TABLE {name} IN SHARE UPDATE EXCLUSIVE MODE")
        for table in tables:
            cursor.execute(table.mend())
            corrected += cursor.rowcount
    return corrected


def _tallied_tables() -> Iterator[TalliedTable]:
    if connection.vendor != "postgresql":
        return
    for model in apps.get_models():
        if issubclass(model, TalliedModel):
            yield from model.tallied_tables()
