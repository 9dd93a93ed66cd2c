"""Fetches keys for new rows before they are written, those of many rows by one statement."""

from collections import Counter
from collections.abc import Mapping

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

    :param needs: how many keys the last transaction of this kind needed; it gets the needs of this one.
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
        """Fetch keys of a model, and if it is the first, all that are likely to be needed."""
        numbers = {} if self._fetched else dict(self._needs)
        if model not in numbers:
            numbers[model] = self._numbers.get(model, KEYS)
            self._numbers[model] = min(2 * numbers[model], MOST_KEYS)
        for each, keys in _fetch(numbers, self._last).items():
            self._keys[each] = keys
            self._last[each] = keys[0]
            self._fetched[each] += len(keys)

    def forget(self) -> None:
        """Let go of all keys: another statement may take the same on a database without sequences."""
        self._keys.clear()
        self._last.clear()

    def note_needs(self) -> None:
        """Write down how many keys were used."""
        for model, number in self._fetched.items():
            self._needs[model] = max(FEWEST_KEYS, number - len(self._keys.get(model, ())))


def _fetch(
    numbers: Mapping[type[Model], int], last: Mapping[type[Model], int]
) -> dict[type[Model], list[int]]:
    """Return new keys of models, the highest first.

    :param last: the last key of each model that this transaction has fetched.
    """
    if connection.vendor == "postgresql":
        return _from_sequences(numbers)
    return {model: _free_keys(model, number, last.get(model)) for model, number in numbers.items()}


def _from_sequences(numbers: Mapping[type[Model], int]) -> dict[type[Model], list[int]]:
    # The name of a sequence is looked up once, not for each key.
    keys = (
        "WITH sequence AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name)"
        " SELECT array_agg(nextval(name)) FROM sequence, generate_series(1, %s)"
    )
    values: list[str | int] = []
    for model, number in numbers.items():
        table = connection.ops.quote_name(model._meta.db_table)
        values += [table, str(model._meta.pk.column), number]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join([f"({keys})"] * len(numbers)), values)
        [fetched] = cursor.fetchall()
    return {model: keys[::-1] for model, keys in zip(numbers, fetched, strict=True)}


def _free_keys(model: type[Model], number: int, after: int | None) -> list[int]:
    if after is None:
        # The transaction has the only right to write until its end.
        with connection.cursor() as cursor:
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            [after] = cursor.fetchone() or [0]
    return list(range(after + number, after, -1))
