"""The order of a list in an address: Django numbers the columns of now, and a view has to name them."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from django.contrib.admin.views.main import ORDER_VAR
from django.http import QueryDict


def with_order_named(query: str, columns: Sequence[str]) -> str:
    """Return a query string whose order names columns, in place of their numbers on the page of now."""
    return _with_order(query, lambda number: columns[int(number)])


def with_order_numbered(query: str, columns: Sequence[str]) -> str:
    """Return a query string as Django reads it: an order by numbers of the columns that are shown."""
    return _with_order(query, lambda name: str(columns.index(name)))


def _with_order(query: str, translate: Callable[[str], str]) -> str:
    read = QueryDict(query, mutable=True)
    if ORDER_VAR in read:
        parts = [(part.startswith("-"), part.lstrip("-")) for part in str(read[ORDER_VAR]).split(".")]
        with suppress(ValueError, IndexError):
            # A column that is not shown cannot be sorted by: the list then has its own order.
            read[ORDER_VAR] = ".".join(f"{'-' * minus}{translate(part)}" for minus, part in parts)
            return read.urlencode()
        del read[ORDER_VAR]
    return read.urlencode()
