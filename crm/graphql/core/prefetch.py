"""The look-ahead: what a selection needs is loaded in a fixed number of statements, and nothing else."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from django.db.models import Field, ManyToManyField, Model, Prefetch, QuerySet
from django.db.models.fields.reverse_related import ManyToOneRel
from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.graphql.core.fields import Attribute, BatchedList, Computed, Derived, Related, RelatedList
from crm.graphql.core.permissions import actor_of

#: Fields that are more than a column of the row.
NOT_STORED = (BatchedList, Computed, Derived, RelatedList)
#: Columns that ``is_visible_to`` reads.
VISIBILITY_COLUMNS = ("company_id", "deleted_at")


def selected_fields(
    info: GraphQLResolveInfo, type_name: str, nodes: Iterable[FieldNode]
) -> dict[str, list[FieldNode]]:
    """Collect the sub-selections of fields that return one type, by field name, aliases merged.

    The result is kept, for the next to ask and, where no variable has a say, for the next request.
    """
    fields = tuple(nodes)
    key = (type_name, *map(id, fields))
    known: dict[Any, Any] = info.context.selections
    if key not in known:
        known[key] = _collect(info, type_name, fields)
    found: dict[str, list[FieldNode]] = known[key]
    return found


def _collect(
    info: GraphQLResolveInfo, type_name: str, nodes: Iterable[FieldNode]
) -> dict[str, list[FieldNode]]:
    object_type = info.schema.get_type(type_name)
    if not isinstance(object_type, GraphQLObjectType):
        raise TypeError(f"{type_name} is no object type")
    collected = collect_sub_fields(
        info.schema, info.fragments, info.variable_values, object_type, list(nodes)
    )
    by_name: dict[str, list[FieldNode]] = defaultdict(list)
    for same_key in collected.values():
        by_name[same_key[0].name.value].extend(same_key)
    return dict(by_name)


@cache
def declared_fields(type_: Any) -> dict[str, Any]:
    """Give the fields of a graphene type by their names in the API, which some are not declared under."""
    return {field.name or name: field for name, field in type_._meta.fields.items()}


@dataclass
class Loading:
    """What one queryset has to load."""

    columns: set[str] = field(default_factory=lambda: {"id"})
    joined: set[str] = field(default_factory=set)
    prefetched: dict[str, Prefetch[Any, Any, Any]] = field(default_factory=dict)
    computed: dict[str, Any] = field(default_factory=dict)
    batched: list[Callable[[Sequence[Any]], None]] = field(default_factory=list)

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Make a queryset load just this."""
        for path, prefetch in self.prefetched.items():
            self._read_apart(path, prefetch.queryset)
        queryset = queryset.annotate(**self.computed).select_related(*self.joined or [None])
        queryset = queryset.only(*self.columns).prefetch_related(*self.prefetched.values())
        for follower in self.batched:
            queryset = queryset.followed_by(follower)  # type: ignore[attr-defined]  # rows of tenants alone
        return queryset

    def _read_apart(self, path: str, rows: QuerySet[Any] | None) -> None:
        """Have a row that is read by a statement of its own bring the columns that are wanted of it besides.

        Joined as well, it would stand there already, without what its own statement computes.
        """
        within = f"{path}__"
        wanted = {name for name in self.columns if name.startswith(within)} - {f"{within}id"}
        if rows is None or not wanted:
            return
        self.columns -= wanted
        self.joined = {name for name in self.joined if name != path and not name.startswith(within)}
        rows.query.add_immediate_loading(
            [*rows.query.deferred_loading[0], *(name.removeprefix(within) for name in wanted)]
        )


def load(
    queryset: QuerySet[Any], type_: Any, nodes: Iterable[FieldNode], info: GraphQLResolveInfo
) -> QuerySet[Any]:
    """Make a queryset load what the selection of its rows needs.

    :param queryset: rows that are visible already.
    :param type_: the graphene type of a row.
    :param nodes: the fields whose sub-selections are asked of each row.
    """
    loading = Loading()
    _walk(loading, queryset.model, type_, nodes, info, actor_of(info), prefix="")
    loading.columns |= {name for name in VISIBILITY_COLUMNS if _has_column(queryset.model, name)}
    return loading.apply(queryset)


def refetch(info: GraphQLResolveInfo, type_: Any, row: Any) -> Any:
    """Query a row that was just written anew, with what the selection needs; None if it is now hidden."""
    return refetch_key(info, type_, row.pk)


def return_row(info: GraphQLResolveInfo, type_: Any, row: Any) -> Any:
    """Return a row that was just written and is visible; query it anew where the selection needs more."""
    at_hand = _is_at_hand(row, type_, info.field_nodes, info)
    return row if at_hand else refetch(info, type_, row)


def _is_at_hand(row: Any, type_: Any, nodes: Iterable[FieldNode], info: GraphQLResolveInfo) -> bool:
    """Tell whether a selection asks for columns alone that stand on a row, and on those it refers to."""
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, Related):
            if declared.path not in row._state.fields_cache:
                return False
            other = row._state.fields_cache[declared.path]
            if other is not None and not _is_at_hand(other, declared.row_type, same_name, info):
                return False
        elif isinstance(declared, Attribute):
            # A document may come back from the database in another order, and a choice is a text there.
            value = row.__dict__.get(declared.loads[0], declared)
            if not declared.plain or isinstance(value, Attribute | Enum):
                return False
        elif name != "__typename" and (isinstance(declared, NOT_STORED) or name not in row.__dict__):
            return False
    return True


def refetch_key(info: GraphQLResolveInfo, type_: Any, key: int) -> Any:
    """Give the row of this primary key as the selection needs it; None if the actor does not see it."""
    visible = type_._meta.model._default_manager.visible_to(actor_of(info)).filter(pk=key)
    return load(visible, type_, info.field_nodes, info).first()


def _has_column(model: type[Model], name: str) -> bool:
    return any(column.attname == name for column in model._meta.concrete_fields)


def _walk(
    loading: Loading,
    model: type[Model],
    type_: Any,
    nodes: Iterable[FieldNode],
    info: GraphQLResolveInfo,
    actor: Actor,
    *,
    prefix: str,
) -> None:
    relations: dict[str, tuple[Any, list[FieldNode]]] = {}
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, Computed):
            loading.computed[declared.annotation] = declared.expression(actor)
        elif isinstance(declared, Related | RelatedList):
            known = relations.setdefault(declared.path, (declared, []))
            known[1].extend(same_name)
        elif isinstance(declared, Attribute | Derived):
            _add_columns(loading, declared.loads, prefix)
        elif isinstance(declared, BatchedList):
            _add_columns(loading, declared.loads, prefix)
            loading.batched.extend(_batches(type_._meta.name, declared, same_name, info, actor))
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
        # A foreign key's own column is no path through it.
        loading.columns.add(full)
        if "__" in full:
            loading.joined.add(full.rpartition("__")[0])


def _batches(
    type_name: str, declared: BatchedList, nodes: list[FieldNode], info: GraphQLResolveInfo, actor: Actor
) -> Iterable[Callable[[Sequence[Any]], None]]:
    """Give what finds the rows of a list: once for all aliases under which it is asked for the same rows."""
    parent: Any = info.schema.get_type(type_name)
    asked: dict[Any, tuple[dict[str, Any], list[FieldNode]]] = {}
    for node in nodes:
        arguments = get_argument_values(parent.fields[node.name.value], node, info.variable_values)
        asked.setdefault(declared.batch_key(arguments), (arguments, []))[1].append(node)
    return [_batch(declared, arguments, same, info, actor) for arguments, same in asked.values()]


def _batch(
    declared: BatchedList,
    arguments: dict[str, Any],
    nodes: list[FieldNode],
    info: GraphQLResolveInfo,
    actor: Actor,
) -> Callable[[Sequence[Any]], None]:
    """Give the function that finds the rows of a list for a whole page, and hands them out."""
    key = declared.batch_key(arguments)

    def follow(rows: Sequence[Any]) -> None:
        keys = declared.source(rows, actor, **arguments)
        wanted = {other for others in keys.values() for other in others}
        visible = declared.visible_rows(actor).filter(pk__in=wanted)
        found = {other.pk: other for other in load(visible, declared.row_type, nodes, info)} if wanted else {}
        for row in rows:
            others = [found[other] for other in keys.get(row.pk, ()) if other in found]
            row.__dict__.setdefault("batches", {})[key] = others

    return follow


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
    rows = relation.related_model._default_manager.visible_to(actor).order_by(*declared.ordering)
    rows = load(rows, declared.row_type, nodes, info)
    rows.query.add_immediate_loading(
        [*rows.query.deferred_loading[0], *(column.name for column in _back_columns(relation))]
    )
    loading.prefetched[prefix + declared.path] = Prefetch(prefix + declared.path, queryset=rows)


def _back_columns(relation: Any) -> list[Field[Any, Any]]:
    """Give the columns by which Django ties the rows of a list to their owner."""
    if isinstance(relation, ManyToOneRel):
        return [relation.field]
    if isinstance(relation, ManyToManyField):
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
        rows = relation.related_model._default_manager.visible_to(actor)
        loading.prefetched[full] = Prefetch(full, queryset=load(rows, declared.row_type, nodes, info))
        return
    loading.joined.add(full)
    loading.columns.add(f"{full}__id")
    for name in VISIBILITY_COLUMNS:
        if _has_column(relation.related_model, name):
            loading.columns.add(f"{full}__{name}")
    _walk(loading, relation.related_model, declared.row_type, nodes, info, actor, prefix=f"{full}__")


def _computes(type_: Any, nodes: list[FieldNode], info: GraphQLResolveInfo) -> bool:
    """Tell whether a selection asks for a computed column, which a join cannot carry."""
    for name, same_name in selected_fields(info, type_._meta.name, nodes).items():
        declared = declared_fields(type_).get(name)
        if isinstance(declared, Computed | BatchedList):
            return True
        if isinstance(declared, Related) and _computes(declared.row_type, same_name, info):
            return True
    return False
