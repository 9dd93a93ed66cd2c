"""Compile a validated query to a plan: all of its root fields, or none of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models.expressions import Combinable
from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import collect_fields

from crm.actors import Actor
from crm.database.actor_cache_key import actor_cache_key, symbolic_actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.bounds import UNBOUNDED, Bounds, Extent
from crm.graphql.compiler.columns import Columns
from crm.graphql.compiler.list_reads import ListRead, Part
from crm.graphql.compiler.reads import Read, SingleRead
from crm.graphql.compiler.selection import TYPENAME, Collector
from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import declared_fields
from crm.graphql.core.list_fields import FIRST
from crm.graphql.core.single import SingleField
from crm.graphql.documents import Document
from crm.graphql.documents.cache import SizedCache
from crm.graphql.lists.pages import LARGEST_PAGE_SIZE, PaginatorInfo
from crm.graphql.lists.paginator import ListField


@dataclass(frozen=True)
class Plan:
    """The compiled reads of a query by key of the response; a text is the value itself (``__typename``)."""

    reads: Mapping[str, Read | str]

    @property
    def size(self) -> int:
        return sum(
            read.columns.size for read in self.reads.values() if isinstance(read, ListRead | SingleRead)
        )


MOST_PLAN_BYTES = 64 * 2**20
#: Memory that one token of a document takes. It counts, since the key of a plan keeps its document alive.
BYTES_A_TOKEN = 1_000
_plans: SizedCache[Plan | str] = SizedCache(admit_on_second_use=True)


def plan_of(
    schema: GraphQLSchema,
    document: Document,
    operation: OperationDefinitionNode,
    actor: Actor,
    variables: Values,
) -> Plan | str:
    """Return the plan of a query for the class of an actor, or the reason why there is none."""
    names = document.memo.get("switches")
    if names is None:
        names = document.memo["switches"] = _deciding_variables(schema, document)
    key = (
        schema,
        document,
        id(operation),
        actor_cache_key(actor),
        tuple(variables.get(name) for name in names),
        settings.GRAPHQL_MAX_OBJECTS,
        settings.GRAPHQL_MAX_ANSWER_BYTES,
    )

    def make() -> Plan | str:
        symbolic = symbolic_actor(actor)
        try:
            return _compile(Collector(schema, document.fragments, variables, symbolic, UNBOUNDED), operation)
        except NotCompilable as reason:
            return str(reason)

    def size(plan: Plan | str) -> int:
        return document.tokens * BYTES_A_TOKEN + (0 if isinstance(plan, str) else plan.size)

    return _plans.get_or_make(key, make, size=size, most=MOST_PLAN_BYTES)


def _deciding_variables(schema: GraphQLSchema, document: Document) -> tuple[str, ...]:
    """Return the variables on which statements depend: of ``@skip``, ``@include`` and nested ``first``."""
    found: set[str] = set()

    class Deciding(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            found.update(_variables_of(node.arguments))

        def enter_field(self, node: FieldNode, *place: Any) -> None:
            if not _is_root_field(schema, place[-1]):
                found.update(_variables_of(each for each in node.arguments if each.name.value == FIRST))

    visit(document.node, Deciding())
    return tuple(sorted(found))


def _variables_of(arguments: Iterable[ArgumentNode]) -> set[str]:
    return {each.value.name.value for each in arguments if isinstance(each.value, VariableNode)}


def _is_root_field(schema: GraphQLSchema, ancestors: Sequence[object]) -> bool:
    if any(isinstance(each, FieldNode) for each in ancestors):
        return False
    conditions = [each.type_condition for each in ancestors if isinstance(each, FragmentDefinitionNode)]
    return all(schema.query_type and each.name.value == schema.query_type.name for each in conditions)


def _compile(collector: Collector, operation: OperationDefinitionNode) -> Plan:
    root: Any = collector.schema.query_type
    declared = declared_fields(root.graphene_type)
    selected = collect_fields(
        collector.schema,
        dict(collector.fragments),
        dict(collector.variables),
        root,
        operation.selection_set,
    )
    found: dict[str, tuple[ListField | SingleField, GraphQLField, list[FieldNode]]] = {}
    extent = Extent()
    for key, nodes in selected.items():
        name = nodes[0].name.value
        field = declared.get(name)
        if name == TYPENAME:
            continue
        # The standard executor knows how to report a missing permission.
        if not isinstance(field, ListField | SingleField) or not collector.actor.may(field.permission):
            raise NotCompilable(f"Query.{name}")
        found[key] = (field, root.fields[name], list(nodes))
        is_list = isinstance(field, ListField)
        rows = _data(collector, field, list(nodes)) if is_list else list(nodes)
        model = field.model if is_list else field.row_type._meta.model
        extent = extent.plus(collector.extent(field.row_type, model, rows).as_list)
    collector = replace(collector, bounds=Bounds(lists=extent.lists, large=extent.large))
    reads: dict[str, Read | str] = dict.fromkeys(selected, root.name)
    for key, (field, definition, nodes) in found.items():
        compile_one = _list if isinstance(field, ListField) else _single
        reads[key] = compile_one(collector, field, definition, nodes)
    return Plan(reads)


def _data(collector: Collector, field: ListField, nodes: list[FieldNode]) -> list[FieldNode]:
    """Return the selections of the rows of a list."""
    wrapper = collector.schema.get_type(field.wrapper._meta.name)
    assert isinstance(wrapper, GraphQLObjectType)
    selected = collector.fields(wrapper, nodes).values()
    return [each for same in selected if same[0].name.value == "data" for each in same]


def _page_size(definition: GraphQLField, node: FieldNode) -> int:
    """Return the size of a page if the document has it, else the largest."""
    given = {each.name.value: each.value for each in node.arguments}.get(FIRST)
    if isinstance(given, VariableNode):
        return LARGEST_PAGE_SIZE
    size = given.value if isinstance(given, IntValueNode) else definition.args[FIRST].default_value
    return min(max(int(size), 1), LARGEST_PAGE_SIZE)


def _single(
    collector: Collector, declared: SingleField, definition: GraphQLField, nodes: list[FieldNode]
) -> Read:
    model = declared.row_type._meta.model
    row, lengths = collector.row(declared.row_type, model, nodes, rows=1)
    return SingleRead(definition, nodes[0], declared, Columns.of(model, [row]), lengths, collector.actor)


def _list(
    collector: Collector, declared: ListField, definition: GraphQLField, nodes: list[FieldNode]
) -> Read:
    wrapper = collector.schema.get_type(declared.wrapper._meta.name)
    assert isinstance(wrapper, GraphQLObjectType)
    model = declared.model
    parts: list[Part] = []
    columns: list[Combinable] = []
    rows = _page_size(definition, nodes[0])
    for key, same in collector.fields(wrapper, nodes).items():
        match same[0].name.value:
            case "data":
                row, lengths = collector.row(declared.row_type, model, same, rows=rows)
                parts.append(Part(key, column=len(columns), lengths=lengths))
                columns.append(row)
            case "paginatorInfo":
                parts.append(Part(key, info=_info(collector, same)))
            case _:
                parts.append(Part(key, constant=wrapper.name))
    return ListRead(
        definition,
        nodes[0],
        declared,
        tuple(parts),
        Columns.of(model, columns or ["pk"]),
        collector.actor,
    )


def _info(collector: Collector, nodes: list[FieldNode]) -> tuple[tuple[str, str], ...]:
    """Return the selected fields of ``paginatorInfo``: key of the response, and attribute of ``Page``."""
    type_ = collector.schema.get_type(PaginatorInfo._meta.name)
    assert isinstance(type_, GraphQLObjectType)
    attributes = {field.name or name: name for name, field in PaginatorInfo._meta.fields.items()} | {
        TYPENAME: TYPENAME
    }
    return tuple(
        (key, attributes[same[0].name.value]) for key, same in collector.fields(type_, nodes).items()
    )
