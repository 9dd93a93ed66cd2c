"""Fetches keys for new rows before they are written, those of many rows of a model by one statement."""

from collections import Counter

from django.db import connection
from django.db.models import Model

#: Keys that are fetched first of a model whose need is unknown, then twice as many each time.
KEYS = 100
MOST_KEYS = 1_000
#: Keys that are fetched at least where the need is known. Those that are not needed are left out for ever.
FEWEST_KEYS = 10

#: How many keys of each model are needed.
Needs = dict[type[Model], int]


class NewKeys:
    """The keys that a transaction has fetched and not used yet.

    :param needs: how many keys the last transaction of this kind needed; ``note_needs`` writes down those
        of this one.
    """

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._keys: dict[type[Model], list[int]] = {}
        #: The last key that was fetched of each model, rows with which may not be written yet.
        self._last: dict[type[Model], int] = {}
        self._numbers: dict[type[Model], int] = {}
        self._fetched: Counter[type[Model]] = Counter()

    def take(self, model: type[Model]) -> int | None:
        """Return the next key of a model, or None if ``fetch`` must be called before."""
        keys = self._keys.get(model)
        return keys.pop() if keys else None

    def fetch(self, model: type[Model]) -> None:
        """Fetch keys of a model: at first as many as it is likely to need."""
        if model in self._needs and not self._fetched[model]:
            number = self._needs[model]
        else:
            number = self._numbers.get(model, KEYS)
            self._numbers[model] = min(2 * number, MOST_KEYS)
        keys = self._keys[model] = _fetch(model, number, after=self._last.get(model))
        self._last[model] = keys[0]
        self._fetched[model] += number

    def forget(self) -> None:
        """Let go of all keys: another statement may take the same on a database without sequences."""
        # Those that were not used are not needed: each transaction would fetch more than the one before.
        self._fetched.subtract({model: len(keys) for model, keys in self._keys.items()})
        self._keys.clear()
        self._last.clear()

    def note_needs(self) -> None:
        """Write down how many keys were used."""
        for model, number in self._fetched.items():
            self._needs[model] = max(FEWEST_KEYS, number - len(self._keys.get(model, ())))


def _fetch(model: type[Model], number: int, *, after: int | None) -> list[int]:
    """Return new keys for rows of a model, the highest first.

    :param after: the last key that this transaction has fetched, rows with which may not be written yet.
    """
    table, column = model._meta.db_table, str(model._meta.pk.column)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The name of the sequence is looked up once, not for each key.
            sequence = (
                "WITH sequence AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name)"
                " SELECT nextval(name) FROM sequence, generate_series(1, %s)"
            )
            cursor.execute(sequence, [connection.ops.quote_name(table), column, number])
            return [key for (key,) in reversed(cursor.fetchall())]
        if after is None:
            # The transaction has the only right to write until its end.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            [after] = cursor.fetchone() or [0]
        return list(range(after + number, after, -1))
