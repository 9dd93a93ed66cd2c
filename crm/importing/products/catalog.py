"""Reads the tables of other products, and recognises a product by the titles of its columns.

A table has these parts, all by title as the product writes it; ``{n}`` stands for a number from 1 to 9:

- ``source``: of external ids; without it the first word of the name
- ``name``, ``model``, ``signature``: titles that a file of this product has, alternatives separated by ``|``
- ``columns``: the field of each title; ``email_{n}`` is ``email`` for 1
- ``split``: what stands between several values of a cell
- ``quoted_lists``: titles whose cells hold ``"one","two"``
- ``compose``: a field made of several titles
- ``redundant``: titles that repeat what other columns say
- ``no_place``: titles that no field takes yet, by what they are
- ``leave_out``: values that say that a row is no live record
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from crm.models.imports import ImportKind
from crm.texts import name_key

TABLES = Path(__file__).parent / "tables"
NUMBERED = "{n}"
NUMBERS = range(1, 10)


@dataclass(frozen=True, kw_only=True)
class Product:
    """The columns of one product's export. Titles are name keys."""

    name: str
    #: The product without what the file is of: the source of its external ids.
    source: str
    kind: ImportKind
    signature: Sequence[frozenset[str]]
    formats: frozenset[str] | None
    columns: Mapping[str, str]
    split: Mapping[str, str] = field(default_factory=dict)
    quoted_lists: frozenset[str] = frozenset()
    compose: Mapping[str, Sequence[str]] = field(default_factory=dict)
    redundant: frozenset[str] = frozenset()
    no_place: Mapping[str, str] = field(default_factory=dict)
    leave_out: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def titles(self) -> frozenset[str]:
        """All titles that the product is known to write."""
        composed = (title for parts in self.compose.values() for title in parts)
        return frozenset(self.columns).union(self.redundant, self.no_place, self.leave_out, composed)

    def score(self, titles: Iterable[str], file_format: str) -> int:
        """Return how many titles of a file are the product's; 0 if it is from another."""
        present = set(titles)
        if self.formats is not None and file_format not in self.formats:
            return 0
        if not self.signature or not all(alternatives & present for alternatives in self.signature):
            return 0
        return len(present & self.titles)


def recognised(titles: Sequence[str], kind: ImportKind, file_format: str) -> Product | None:
    """Return the product that a file is from, by its titles; None if it is from no known one."""
    keys = [name_key(title) for title in titles]
    scores = [(product.score(keys, file_format), product) for product in _products(kind)]
    best = max(scores, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] else None


def common_titles(kind: ImportKind) -> Mapping[str, str]:
    """Return the fields of titles that many products and people use, by name key."""
    return next(product.columns for product in _products(kind) if not product.signature)


@cache
def known_titles(kind: ImportKind) -> frozenset[str]:
    """Return the name keys of all titles that some product or person gives to a column."""
    return frozenset().union(*(product.titles for product in _products(kind)))


@cache
def _products(kind: ImportKind) -> list[Product]:
    tables = [tomllib.loads(path.read_text()) for path in sorted(TABLES.glob("*.toml"))]
    return [_product(table) for table in tables if table["model"] == kind]


def _product(table: Mapping[str, Any]) -> Product:
    return Product(
        name=table["name"],
        source=table.get("source", table["name"].split()[0]),
        kind=ImportKind(table["model"]),
        signature=[frozenset(map(name_key, titles.split("|"))) for titles in table.get("signature", [])],
        formats=frozenset(table["formats"]) if "formats" in table else None,
        columns=_numbered(table["columns"]),
        split=_numbered(table.get("split", {})),
        quoted_lists=frozenset(map(name_key, table.get("quoted_lists", {}).get("titles", []))),
        compose={
            name: [name_key(title) for title in titles] for name, titles in table.get("compose", {}).items()
        },
        redundant=frozenset(_by_title(table.get("redundant", {}))),
        no_place=_by_title(table.get("no_place", {})),
        leave_out={
            name_key(title): frozenset(value.casefold() for value in values)
            for title, values in table.get("leave_out", {}).items()
        },
    )


def _by_title(titles_by_reason: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return _numbered({title: reason for reason, titles in titles_by_reason.items() for title in titles})


def _numbered(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts by the name keys of titles, those with a number nine times."""
    found: dict[str, str] = {}
    for title, text in texts.items():
        for number in NUMBERS if NUMBERED in title else NUMBERS[:1]:
            # A vCard's first phone is plain "TEL".
            numbered = [title.replace(NUMBERED, str(number))]
            if number == 1:
                numbered.append(" ".join(title.replace(NUMBERED, "").split()))
            for name in numbered:
                found.setdefault(name_key(name), _field(text, number))
    return found


def _field(text: str, number: int) -> str:
    if number > 1:
        return text.replace(NUMBERED, str(number))
    return text.replace(f"address.{NUMBERED}.", "").replace(f"_{NUMBERED}", "").replace(NUMBERED, "1")
