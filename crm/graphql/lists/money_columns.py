"""Columns of ``where`` about money."""

from decimal import Decimal

from crm.graphql.lists.columns import Column, TextColumn
from crm.graphql.lists.operators import MEMBERSHIP
from crm.money import canonical_currency, read_amount


class AmountColumn(Column):
    """An amount; compared by its number alone, whatever its currency."""

    def read(self, value: object) -> Decimal:
        return read_amount(value)


class CurrencyColumn(TextColumn):
    """A currency code, in any case."""

    operators = MEMBERSHIP

    def read(self, value: object) -> str:
        return canonical_currency(super().read(value))
