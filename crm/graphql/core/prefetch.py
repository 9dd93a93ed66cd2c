"""Load what a selection needs, and nothing else, in a number of statements that does not grow with rows."""

from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar

import graphene
from django.db.models import Model, Prefetch, QuerySet
from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.graphql.core.amount_lists import AmountList
from crm.graphql.core.fields import (
    Attribute,
    Computed,
    Derived,
    Related,
    RowType,
    SameRow,
    declared_fields,
)
from crm.graphql.core.list_fields import LARGEST_FIRST, BatchedList, RelatedList, RowList
from crm.graphql.core.loading import Callback, Loading
from crm.graphql.core.permissions import Context, Selection, actor_of, budget_of
from crm.graphql.core.row_lists import ListLoad
from crm.models.base import visible_rows

Row = TypeVar("Row", bound=Model)

#: Fields whose value is not a column of the row.
NOT_STORED = (AmountList, Computed, Derived, RowList)
#: Columns that ``is_visible_to`` reads.
VISIBILITY_COLUMNS = ("company_id", "deleted_at")


def selected_fields(info: GraphQLResolveInfo, type_name: str, nodes: Iterable[FieldNode]) -> Selection:
    """Collect the sub-selections of fields that return one type, by field name, aliases merged; cached."""
    fields = tuple(nodes)
    # Nodes are compared by all they contain, which takes longer than to collect; their document keeps them
    # alive, so no other node gets their id.
    key = (type_name, *map(id, fields))
    context: Context = info.context
    if key not in context.selections:
        context.selections[key] = _collect(info, type_name, fields)
    return context.selections[key]


def _collect(info: GraphQLResolveInfo, type_name: str, nodes: Iterable[FieldNode]) -> Selection:
    object_type = info.schema.get_type(type_name)
    if not isinstance(object_type, GraphQLObjectType):
        raise TypeError(f"{type_name} is not an object type")
    collected = collect_sub_fields(
        info.schema, info.fragments, info.variable_values, object_type, list(nodes)
    )
    # graphql-core collects by key of the response, so one field under two aliases comes as two.
    by_name: Selection = defaultdict(list)
    for same_key in collected.values():
        by_name[same_key[0].name.value].extend(same_key)
    return dict(by_name)


def load(
    queryset: QuerySet[Row],
    type_: RowType,
    nodes: Iterable[FieldNode],
    info: GraphQLResolveInfo,
    *,
    rows: int = LARGEST_FIRST,
) -> QuerySet[Row]:
    """Return the visible rows, about so many, loading what the selections of these nodes need."""
    loading = _needs(queryset.model, type_, nodes, info)
    queryset = loading.apply(queryset, rows=rows)
    if not loading.attaches:
        return queryset
    attaching: QuerySet[Row] = queryset.after_fetch(loading.attach)  # type: ignore[attr-defined]  # of CallbackQuerySet
    return attaching


def _needs(
    model: type[Model], type_: RowType, nodes: Iterable[FieldNode], info: GraphQLResolveInfo
) -> Loading:
    loading = Loading(budget_of(info))
    _collect_needs(loading, model, type_, nodes, info, actor_of(info), prefix="")
    loading.columns |= {name for name in VISIBILITY_COLUMNS if _has_column(model, name)}
    return loading


def refetch(info: GraphQLResolveInfo, type_: RowType, row: Row) -> Row | None:
    """Return a row that was just written as the selection needs it; None if it is hidden now."""
    found: Row | None = refetch_key(info, type_, row.pk)
    return found


def return_row(info: GraphQLResolveInfo, type_: RowType, row: Row) -> Row | None:
    """Return a row that was just written and is visible, from the database only if the selection needs it."""
    return row if _is_loaded(row, type_, info.field_nodes, info) else refetch(info, type_, row)


def _is_loaded(row: Model, type_: RowType, nodes: Iterable[FieldNode], info: GraphQLResolveInfo) -> bool:
    """Return whether the row, and the rows it refers to, hold every value that a selection needs."""
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, Related):
            if declared.path not in row._state.fields_cache:
                return False
            other = row._state.fields_cache[declared.path]
            if other is not None and not _is_loaded(other, declared.row_type, same_name, info):
                return False
        elif isinstance(declared, Attribute):
            # The default stands for a column that is not loaded. A choice that was assigned as an enum
            # member is text in the database.
            value = row.__dict__.get(declared.loads[0], declared)
            if not declared.plain or isinstance(value, Attribute | Enum):
                return False
        elif name != "__typename" and (isinstance(declared, NOT_STORED) or name not in row.__dict__):
            return False
    return True


def refetch_key(info: GraphQLResolveInfo, type_: RowType, key: int) -> Any:
    """Return the row with this primary key as the selection needs it; None if the actor does not see it."""
    visible = visible_rows(type_._meta.model, actor_of(info)).filter(pk=key)
    return load(visible, type_, info.field_nodes, info).first()


def refetch_below(
    info: GraphQLResolveInfo, wrapper: type[graphene.ObjectType], name: str, type_: RowType, row: Model
) -> Any:
    """Return a row that was just written for the field ``name`` of the answer's wrapper type.

    :return: the row as the selection below that field needs it; None if the actor does not see it.
    """
    nodes = selected_fields(info, wrapper._meta.name, info.field_nodes).get(name, [])
    visible = visible_rows(type_._meta.model, actor_of(info)).filter(pk=row.pk)
    return load(visible, type_, nodes, info).first()


def _has_column(model: type[Model], name: str) -> bool:
    return any(column.attname == name for column in model._meta.concrete_fields)


def _collect_needs(
    loading: Loading,
    model: type[Model],
    type_: RowType,
    nodes: Iterable[FieldNode],
    info: GraphQLResolveInfo,
    actor: Actor,
    *,
    prefix: str,
) -> None:
    # Two fields may lead through one relation: it is loaded once, with what both select.
    relations: dict[str, tuple[Related, list[FieldNode]]] = {}
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, Computed):
            loading.computed[declared.annotation] = declared.expression(actor)
        elif isinstance(declared, AmountList):
            loading.callbacks.append(declared.load(actor, budget_of(info)))
        elif isinstance(declared, Related):
            _, same_path = relations.setdefault(declared.path, (declared, []))
            same_path.extend(same_name)
        elif isinstance(declared, SameRow):
            _collect_needs(loading, model, declared.row_type, same_name, info, actor, prefix=prefix)
        elif isinstance(declared, Attribute | Derived):
            _add_columns(loading, declared.loads, prefix)
        elif isinstance(declared, RowList):
            if isinstance(declared, BatchedList):
                _add_columns(loading, declared.loads, prefix)
            loading.callbacks.extend(_list_loads(type_, model, name, declared, same_name, info, prefix))
        elif declared is not None and _has_column(model, name):
            loading.columns.add(prefix + name)
    for path, (declared, same_path) in relations.items():
        _add_one(loading, model, declared, path, same_path, info, actor, prefix=prefix)


def _add_columns(loading: Loading, paths: Iterable[str], prefix: str) -> None:
    for path in paths:
        full = prefix + path
        loading.columns.add(full)
        # ``person_id`` is a column of the row itself; only a path with "__" needs the join.
        if "__" in full:
            loading.joined.add(full.rpartition("__")[0])


def _list_loads(
    type_: RowType,
    model: type[Model],
    name: str,
    declared: RowList,
    nodes: list[FieldNode],
    info: GraphQLResolveInfo,
    prefix: str,
) -> Iterable[Callback]:
    """Return a load for each size that a list is selected with."""
    parent: Any = info.schema.get_type(type_._meta.name)
    relation: Any = model._meta.get_field(declared.path) if isinstance(declared, RelatedList) else None
    listed = declared.row_type._meta.model if relation is None else relation.related_model
    by_size: dict[int, list[FieldNode]] = {}
    for node in nodes:
        arguments = get_argument_values(parent.fields[name], node, info.variable_values)
        by_size.setdefault(declared.size.of(arguments), []).append(node)
    return [
        ListLoad(
            field=declared,
            size=size,
            needs=_needs(listed, declared.row_type, same, info),
            actor=actor_of(info),
            budget=budget_of(info),
            path=tuple(prefix.split("__")[:-1]),
        )
        for size, same in by_size.items()
    ]


def _add_one(
    loading: Loading,
    model: type[Model],
    declared: Related,
    path: str,
    nodes: list[FieldNode],
    info: GraphQLResolveInfo,
    actor: Actor,
    *,
    prefix: str,
) -> None:
    relation: Any = model._meta.get_field(path)
    full = prefix + path
    loading.columns.add(full)
    if _computes(declared.row_type, nodes, info):
        rows = visible_rows(relation.related_model, actor)
        # Each of the rows that refer to it may refer to another.
        most = budget_of(info).most_objects
        rows = load(rows, declared.row_type, nodes, info, rows=most)
        loading.prefetched[full] = Prefetch(full, queryset=rows)
        return
    loading.joined.add(full)
    loading.columns.add(f"{full}__id")
    for name in VISIBILITY_COLUMNS:
        if _has_column(relation.related_model, name):
            loading.columns.add(f"{full}__{name}")
    _collect_needs(loading, relation.related_model, declared.row_type, nodes, info, actor, prefix=f"{full}__")


def _computes(type_: RowType, nodes: list[FieldNode], info: GraphQLResolveInfo) -> bool:
    """Return whether a selection needs a query set: a joined row takes no annotations or callbacks."""
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, AmountList | BatchedList | Computed):
            return True
        if isinstance(declared, Related | SameRow) and _computes(declared.row_type, same_name, info):
            return True
    return False
