"""Columns of ``where`` that compare a canonical spelling, which another column holds."""

from collections.abc import Sequence
from typing import Any

from crm.actors import Actor
from crm.emails import canonical_email
from crm.graphql.lists.columns import TextColumn
from crm.graphql.lists.operators import SQLOperator

CANONICAL = frozenset({SQLOperator.EQ, SQLOperator.NEQ, SQLOperator.IN, SQLOperator.NOT_IN})


class CanonicalColumn(TextColumn):
    """Text whose canonical spelling, in another column, is compared for equality."""

    def __init__(self, field_name: str, *, canonical: str | None = None) -> None:
        super().__init__(field_name)
        self._canonical = canonical or f"{field_name}_canonical"

    def compared_column(self, operator: SQLOperator) -> str:
        return self._canonical if operator in CANONICAL else str(self.field_name)

    def read_for(self, operator: SQLOperator, value: Any, actor: Actor) -> Any:
        read = super().read_for(operator, value, actor)
        if operator not in CANONICAL:
            return read
        spelled = self.canonical(read if isinstance(read, list) else [read], actor)
        return spelled if isinstance(read, list) else spelled[0]

    def canonical(self, texts: Sequence[str], actor: Actor) -> list[str]:
        """Return the canonical spellings of texts; empty for a text without one, which matches no row."""
        raise NotImplementedError


class EmailColumn(CanonicalColumn):
    """An e-mail address, equal in every spelling."""

    def canonical(self, texts: Sequence[str], actor: Actor) -> list[str]:
        return [canonical_email(text) or "" for text in texts]
