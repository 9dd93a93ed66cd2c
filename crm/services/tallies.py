"""Checks and repairs tallies, the numbers of rows that triggers maintain."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction

from crm.database.tally_triggers import NONE, TalliedTable
from crm.models.tallies import TalliedModel, Tally


@dataclass(frozen=True, kw_only=True, order=True)
class WrongTally:
    """The number of rows that a tally lacks; negative if it counts too many."""

    company_id: int
    kind: str
    parent: int
    key: int
    number: int


def find_wrong_tallies() -> list[WrongTally]:
    """Count every row; return the wrong tallies of all companies."""
    found = []
    with connection.cursor() as cursor:
        for table in _tallied_tables():
            cursor.execute(table.wrong())
            found += [
                WrongTally(company_id=company, kind=kind, parent=parent, key=key, number=int(number))
                for company, kind, parent, key, number in cursor.fetchall()
            ]
    return sorted(found)


@transaction.atomic
def correct_tallies() -> int:
    """Correct the tallies of all companies while others write; return how many were wrong."""
    corrected = 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Two corrections at once would both add the difference. This lock does not block writers.
            cursor.execute(f"LOCK TABLE {Tally._meta.db_table} IN SHARE UPDATE EXCLUSIVE MODE")
        for table in _tallied_tables():
            cursor.execute(table.mend())
            corrected += cursor.rowcount
    return corrected


def _tallied_tables() -> Iterator[TalliedTable]:
    if connection.vendor != "postgresql":
        return
    for model in apps.get_models():
        if issubclass(model, TalliedModel):
            fields: list[Any] = [model._meta.get_field(name) for name in model.tallied_by]
            parent, key = [field.column for field in fields] or [NONE, NONE]
            yield TalliedTable(model._meta.db_table, model.entity_kind.value, parent, key)
