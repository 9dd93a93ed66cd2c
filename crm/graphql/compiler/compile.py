"""Compile a validated query to a plan: all of its root fields, or none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models.expressions import Combinable
from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import collect_fields

from crm.actors import Actor
from crm.database.actor_cache_key import actor_cache_key, symbolic_actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.columns import Columns
from crm.graphql.compiler.list_reads import ListRead, Part
from crm.graphql.compiler.reads import Read, SingleRead
from crm.graphql.compiler.selection import TYPENAME, Collector
from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import declared_fields
from crm.graphql.core.single import SingleField
from crm.graphql.documents import Document
from crm.graphql.documents.cache import SizedCache
from crm.graphql.lists.pages import PaginatorInfo
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
        names = document.memo["switches"] = _directive_variables(document)
    key = (
        schema,
        document,
        id(operation),
        actor_cache_key(actor),
        tuple(bool(variables.get(name)) for name in names),
    )

    def make() -> Plan | str:
        symbolic = symbolic_actor(actor)
        try:
            return _compile(Collector(schema, document.fragments, variables, symbolic), operation)
        except NotCompilable as reason:
            return str(reason)

    def size(plan: Plan | str) -> int:
        return document.tokens * BYTES_A_TOKEN + (0 if isinstance(plan, str) else plan.size)

    return _plans.get_or_make(key, make, size=size, most=MOST_PLAN_BYTES)


def _directive_variables(document: Document) -> tuple[str, ...]:
    """Return the variables of ``@skip`` and ``@include``: they decide on what is selected."""
    found: set[str] = set()

    class Directives(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            for argument in node.arguments:
                if isinstance(argument.value, VariableNode):
                    found.add(argument.value.name.value)

    visit(document.node, Directives())
    return tuple(sorted(found))


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
    reads: dict[str, Read | str] = {}
    for key, nodes in selected.items():
        name = nodes[0].name.value
        if name == TYPENAME:
            reads[key] = root.name
            continue
        found = declared.get(name)
        # The standard executor knows how to report a missing permission.
        if not isinstance(found, ListField | SingleField) or not collector.actor.may(found.permission):
            raise NotCompilable(f"Query.{name}")
        compile_one = _list if isinstance(found, ListField) else _single
        reads[key] = compile_one(collector, found, root.fields[name], list(nodes))
    return Plan(reads)


def _single(
    collector: Collector, declared: SingleField, definition: GraphQLField, nodes: list[FieldNode]
) -> Read:
    model = declared.row_type._meta.model
    columns = Columns.of(model, [collector.row(declared.row_type, model, nodes)])
    return SingleRead(definition, nodes[0], declared, columns, collector.actor)


def _list(
    collector: Collector, declared: ListField, definition: GraphQLField, nodes: list[FieldNode]
) -> Read:
    wrapper = collector.schema.get_type(declared.wrapper._meta.name)
    assert isinstance(wrapper, GraphQLObjectType)
    model = declared.model
    parts: list[Part] = []
    columns: list[Combinable] = []
    for key, same in collector.fields(wrapper, nodes).items():
        match same[0].name.value:
            case "data":
                parts.append(Part(key, column=len(columns)))
                columns.append(collector.row(declared.row_type, model, same))
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
