"""Load the nested lists of all rows of a page: one statement a list, within the budget of the answer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.db.models import F, Model, QuerySet, Window
from django.db.models.functions import RowNumber

from crm.actors import Actor
from crm.graphql.core.budget import Budget
from crm.graphql.core.list_fields import NO_ROWS, BatchedList, Listed, RelatedList, RowList
from crm.graphql.core.loading import Loading
from crm.models.base import visible_rows

#: Annotations of a listed row: the key of the row that lists it, and its place in that list.
OWNER = "listed_under"
PLACE = "place_in_list"


@dataclass(frozen=True, kw_only=True)
class ListLoad:
    """One nested list of a selection: its field, its size, and what the listed rows need."""

    field: RowList
    size: int
    needs: Loading
    actor: Actor
    budget: Budget
    #: Relations that lead from a row of the page to the row that has the list.
    path: tuple[str, ...] = ()

    def __call__(self, rows: Sequence[Model]) -> None:
        owners: dict[int, list[Model]] = defaultdict(list)
        for row in rows:
            owner = _follow(row, self.path, self.actor)
            if owner is not None:
                owners[owner.pk].append(owner)
        found = self._find(owners) if owners and not self.budget.exceeded else {}
        for key, same in owners.items():
            listed = found.get(key, NO_ROWS)
            for owner in same:
                # Equal rows of a page may be many objects: they share their lists.
                owner.__dict__.setdefault("lists", {})[(self.field, self.size)] = listed

    def _find(self, owners: Mapping[int, Sequence[Model]]) -> Mapping[int, Listed]:
        if isinstance(self.field, RelatedList):
            return self._related(self.field, owners)
        assert isinstance(self.field, BatchedList)
        return self._batched(self.field, [same[0] for same in owners.values()])

    def _related(self, field: RelatedList, owners: Mapping[int, Sequence[Model]]) -> Mapping[int, Listed]:
        model = type(next(iter(owners.values()))[0])
        expected = min(self.budget.rows_left, len(owners) * self.size)
        rows: Any = self.needs.apply(related_rows(field, model, self.actor, list(owners)), rows=expected)
        # One more than a list holds shows that there are more.
        if len(owners) == 1:
            rows = rows.order_by(*field.ordering)[: expected + 1]
        else:
            number = Window(RowNumber(), partition_by=F(OWNER), order_by=list(field.ordering))
            rows = rows.annotate(**{PLACE: number}).filter(**{f"{PLACE}__lte": self.size + 1}).order_by()
            rows = rows[: self.budget.rows_left + len(owners) + 1]
        by_owner: dict[int, list[Model]] = defaultdict(list)
        for row in rows:
            by_owner[getattr(row, OWNER)].append(row)
        if len(owners) > 1:
            for listed in by_owner.values():
                listed.sort(key=lambda row: getattr(row, PLACE))
        lists = {key: Listed(found[: self.size], len(found) > self.size) for key, found in by_owner.items()}
        kept = [row for listed in lists.values() for row in listed.rows]
        return lists if self._attach(kept) else {}

    def _batched(self, field: BatchedList, owners: Sequence[Model]) -> Mapping[int, Listed]:
        sources = field.source(owners, self.actor)
        wanted = {key for found in sources.values() for key in found[: self.size]}
        if not wanted or len(wanted) > self.budget.rows_left:
            self.budget.load_rows(len(wanted))
            return {}
        # The source only finds keys: which rows the actor sees is decided here.
        visible = field.visible_rows(self.actor).filter(pk__in=wanted)
        rows = list(self.needs.apply(visible, rows=len(wanted)))
        by_key = {row.pk: row for row in rows}
        if not self._attach(rows):
            return {}
        return {
            owner: Listed(
                [by_key[key] for key in found[: self.size] if key in by_key], len(found) > self.size
            )
            for owner, found in sources.items()
        }

    def _attach(self, rows: Sequence[Model]) -> bool:
        """Load what the listed rows need in their turn; return whether the budget has room for them."""
        if not self.budget.load_rows(len(rows)):
            return False
        self.needs.attach(rows)
        return True


def related_rows(
    field: RelatedList, model: type[Model], actor: Actor, owners: Sequence[int]
) -> QuerySet[Model]:
    """Return the rows that some rows of a model list, each with the key of its owner."""
    relation: Any = model._meta.get_field(field.path)
    rows: QuerySet[Model] = visible_rows(relation.related_model, actor)
    if isinstance(relation, GenericRelation):
        content_type = {relation.content_type_field_name: relation.get_content_type()}
        name = relation.object_id_field_name
        rows = rows.filter(**content_type)
    elif relation.many_to_many:
        # Not the related name: one that ends with "+" hides the reverse relation from lookups.
        name = relation.related_query_name() if relation.concrete else relation.field.name
    else:
        name = relation.field.name
    listed: QuerySet[Model] = rows.filter(**{f"{name}__in": owners}).annotate(**{OWNER: F(name)})
    return listed


def _follow(row: Model, path: Iterable[str], actor: Actor) -> Model | None:
    """Return the row at the end of joined relations; None if there is none, or the actor does not see it."""
    found: Any = row
    for name in path:
        found = found._state.fields_cache.get(name)
        if found is None or not found.is_visible_to(actor):
            return None
    return found  # type: ignore[no-any-return]  # a row of any model
