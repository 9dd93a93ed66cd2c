"""Load what a selection needs, and nothing else, in a number of statements that does not grow with rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, TypeVar

from django.db.models import ManyToManyField, Model, Prefetch, QuerySet
from django.db.models.fields.reverse_related import ManyToOneRel
from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.graphql.core.fields import (
    Attribute,
    BatchedList,
    Computed,
    Derived,
    ModelField,
    Related,
    RelatedList,
    RowType,
    declared_fields,
)
from crm.graphql.core.loading import Callback, Loading, load_also
from crm.graphql.core.permissions import Context, Selection, actor_of
from crm.models.base import visible_rows

Row = TypeVar("Row", bound=Model)

#: Fields whose value is not a column of the row.
NOT_STORED = (BatchedList, Computed, Derived, RelatedList)
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
    queryset: QuerySet[Row], type_: RowType, nodes: Iterable[FieldNode], info: GraphQLResolveInfo
) -> QuerySet[Row]:
    """Return the visible rows, loading what the selections of these nodes need."""
    loading = Loading()
    _collect_needs(loading, queryset.model, type_, nodes, info, actor_of(info), prefix="")
    loading.columns |= {name for name in VISIBILITY_COLUMNS if _has_column(queryset.model, name)}
    return loading.apply(queryset)


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
    relations: dict[str, tuple[Related | RelatedList, list[FieldNode]]] = {}
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, Computed):
            loading.computed[declared.annotation] = declared.expression(actor)
        elif isinstance(declared, Related | RelatedList):
            _, same_path = relations.setdefault(declared.path, (declared, []))
            same_path.extend(same_name)
        elif isinstance(declared, Attribute | Derived):
            _add_columns(loading, declared.loads, prefix)
        elif isinstance(declared, BatchedList):
            _add_columns(loading, declared.loads, prefix)
            loading.callbacks.extend(_batches(type_._meta.name, declared, same_name, info, actor))
        elif declared is not None and _has_column(model, name):
            loading.columns.add(prefix + name)
    for path, (declared, same_path) in relations.items():
        if isinstance(declared, RelatedList):
            _add_list(loading, model, declared, same_path, info, actor, prefix=prefix)
        else:
            _add_one(loading, model, declared, path, same_path, info, actor, prefix=prefix)


def _add_columns(loading: Loading, paths: Iterable[str], prefix: str) -> None:
    for path in paths:
        full = prefix + path
        loading.columns.add(full)
        # ``person_id`` is a column of the row itself; only a path with "__" needs the join.
        if "__" in full:
            loading.joined.add(full.rpartition("__")[0])


def _batches(
    type_name: str, declared: BatchedList, nodes: list[FieldNode], info: GraphQLResolveInfo, actor: Actor
) -> Iterable[Callback]:
    """Return a callback for each combination of arguments that a list is selected with."""
    parent: Any = info.schema.get_type(type_name)
    by_key: dict[tuple[object, ...], tuple[dict[str, Any], list[FieldNode]]] = {}
    for node in nodes:
        arguments = get_argument_values(parent.fields[node.name.value], node, info.variable_values)
        by_key.setdefault(declared.batch_key(arguments), (arguments, []))[1].append(node)
    return [_batch(declared, arguments, same, info, actor) for arguments, same in by_key.values()]


def _batch(
    declared: BatchedList,
    arguments: dict[str, Any],
    nodes: list[FieldNode],
    info: GraphQLResolveInfo,
    actor: Actor,
) -> Callback:
    """Return the callback that finds the listed rows of a whole page, and attaches them to its rows."""
    key = declared.batch_key(arguments)

    def attach(rows: Sequence[Model]) -> None:
        keys = declared.source(rows, actor, **arguments)
        wanted = {other for others in keys.values() for other in others}
        # The source only finds keys: which rows the actor sees is decided here.
        visible = declared.visible_rows(actor).filter(pk__in=wanted)
        found = {other.pk: other for other in load(visible, declared.row_type, nodes, info)} if wanted else {}
        for row in rows:
            others = [found[other] for other in keys.get(row.pk, ()) if other in found]
            row.__dict__.setdefault("batches", {})[key] = others

    return attach


def _add_list(
    loading: Loading,
    model: type[Model],
    declared: RelatedList,
    nodes: list[FieldNode],
    info: GraphQLResolveInfo,
    actor: Actor,
    *,
    prefix: str,
) -> None:
    relation: Any = model._meta.get_field(declared.path)
    rows = visible_rows(relation.related_model, actor).order_by(*declared.ordering)
    rows = load(rows, declared.row_type, nodes, info)
    load_also(rows, (column.name for column in _back_columns(relation)))
    loading.prefetched[prefix + declared.path] = Prefetch(prefix + declared.path, queryset=rows)


def _back_columns(relation: Any) -> list[ModelField]:
    """Return the columns by which Django assigns prefetched rows to owners: deferred, it queries each."""
    if isinstance(relation, ManyToOneRel):
        return [relation.field]
    if isinstance(relation, ManyToManyField):
        # Django selects the column of the join table itself.
        return []
    if hasattr(relation, "object_id_field_name"):
        related = relation.related_model._meta
        return [
            related.get_field(relation.object_id_field_name),
            related.get_field(relation.content_type_field_name),
        ]
    return []


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
        loading.prefetched[full] = Prefetch(full, queryset=load(rows, declared.row_type, nodes, info))
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
        if isinstance(declared, Computed | BatchedList):
            return True
        if isinstance(declared, Related) and _computes(declared.row_type, same_name, info):
            return True
    return False
