"""Fields that list what rows below a row are worth, by currency."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import graphene
from django.db.models import Model, QuerySet
from graphql import GraphQLResolveInfo

from crm.actors import Actor
from crm.graphql.core.budget import Budget
from crm.graphql.core.list_fields import LARGEST_LIST
from crm.graphql.core.loading import Callback
from crm.graphql.core.money import Money


class AmountList(graphene.Field):
    """A field that lists sums of money, one for each currency, of rows that refer to the row by ``key``.

    ``sums`` returns the rows ``key``, ``currency`` and ``amount_sum`` for an actor, in the order of the list.
    """

    def __init__(self, key: str, sums: Callable[[Actor], QuerySet[Any, Any]], **kwargs: object) -> None:
        self.key = key
        self.sums = sums
        #: There are fewer currencies.
        self.most = LARGEST_LIST

        def read(row: Any, _info: GraphQLResolveInfo) -> object:
            return row.lists[self]

        super().__init__(graphene.List(graphene.NonNull(Money)), required=True, resolver=read, **kwargs)

    def load(self, actor: Actor, budget: Budget) -> Callback:
        """Return what attaches the list to rows, by one statement."""

        def attach(rows: Sequence[Model]) -> None:
            found: dict[int, list[Money]] = defaultdict(list)
            sums = self.sums(actor).filter(**{f"{self.key}__in": {row.pk for row in rows}})
            for key, currency, amount in sums.values_list(self.key, "currency", "amount_sum"):
                found[key].append(Money(currency=currency, amount=amount))
            budget.load_rows(sum(map(len, found.values())))
            for row in rows:
                row.__dict__.setdefault("lists", {})[self] = found[row.pk]

        return attach
