"""The cost of an operation: the objects in its response, estimated before it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities.type_from_ast import type_from_ast

from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import declared_fields
from crm.graphql.core.list_fields import LARGEST_LIST, ListSize, check_first
from crm.graphql.limits.bounds import Limits

PAGE_ARGUMENT = "first"
PAGE_FIELD = "data"


def cost_of(
    operation: OperationDefinitionNode,
    *,
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Values,
    limits: Limits,
) -> int:
    """Return the largest number of objects that a valid operation can return.

    An object counts 1, a list its ``first`` or else ``limits.unpaged_list``, multiplied by the lists around
    it. A list of a type that is listed around it, or that the root field has, counts as if it were full: such
    documents multiply one list by itself. Scalars and introspection are free. ``first`` of a page applies to
    its ``data``.

    :raises BadUserInput: if ``first`` of a nested list is out of range.
    """
    root = schema.get_root_type(operation.operation)
    return _Count(schema, fragments, variables, limits).selections(operation.selection_set, Place(root))


@dataclass(frozen=True)
class Place:
    """Where a selection stands: its type, the page around it, and the types listed around it."""

    type: GraphQLNamedType | None
    #: The size of the page if the selected object wraps one.
    page: int | None = None
    listed: frozenset[str] | None = None

    @property
    def is_root(self) -> bool:
        return self.listed is None


class _Count:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Values,
        limits: Limits,
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables
        self.limits = limits
        # Each fragment is counted once: fragments that spread others twice would take exponential time.
        self.fragment_costs: dict[tuple[str, int | None, frozenset[str] | None], int] = {}

    def selections(self, selection_set: SelectionSetNode, place: Place) -> int:
        """Count the objects below one object."""
        total = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                total += self.field(selection, place)
            elif isinstance(selection, FragmentSpreadNode):
                total += self.fragment(selection.name.value, place)
            else:
                condition = getattr(selection, "type_condition", None)
                kind = type_from_ast(self.schema, condition) if condition else place.type
                total += self.selections(selection.selection_set, replace(place, type=kind))  # type: ignore[attr-defined]  # inline
        return total

    def fragment(self, name: str, place: Place) -> int:
        key = (name, place.page, place.listed)
        if key not in self.fragment_costs:
            fragment = self.fragments[name]
            kind = type_from_ast(self.schema, fragment.type_condition)
            self.fragment_costs[key] = self.selections(fragment.selection_set, replace(place, type=kind))
        return self.fragment_costs[key]

    def field(self, node: FieldNode, place: Place) -> int:
        field = getattr(place.type, "fields", {}).get(node.name.value)
        # Fields of introspection are not among the fields of a type.
        if field is None or node.selection_set is None:
            return 0
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return 0
        is_list = is_list_type(get_nullable_type(field.type))
        listed = place.listed or frozenset()
        below = Place(kind, listed=listed | {kind.name} if is_list or place.is_root else listed)
        argument = field.args.get(PAGE_ARGUMENT)
        first = self.page_argument(node, argument) if argument is not None else None
        if not is_list:
            page = self.page_size(first) if argument is not None else None
            return 1 + self.selections(node.selection_set, replace(below, page=page))
        if first is not None and not place.is_root:
            check_first(node.name.value, first)
        if place.page is not None and node.name.value == PAGE_FIELD:
            objects = place.page
        elif first is not None or (argument is not None and place.is_root):
            objects = self.page_size(first)
        elif kind.name in listed:
            objects = self.most(place.type, node.name.value)
        else:
            objects = self.limits.unpaged_list
        return objects * (1 + self.selections(node.selection_set, below))

    def most(self, parent: GraphQLNamedType | None, name: str) -> int:
        """Return how many rows a plain list answers at most."""
        declared = declared_fields(parent.graphene_type).get(name)  # type: ignore[union-attr]  # graphene's types
        size = getattr(declared, "size", None)
        return size.most if isinstance(size, ListSize) else LARGEST_LIST

    def page_argument(self, node: FieldNode, argument: GraphQLArgument) -> int | None:
        """Return the argument ``first`` as it is given, or its default; None if it is null."""
        value = argument.default_value
        for given in node.arguments:
            if given.name.value != PAGE_ARGUMENT:
                continue
            if isinstance(given.value, IntValueNode):
                value = int(given.value.value)
            elif isinstance(given.value, VariableNode):
                value = self.variables.get(given.value.name.value, value)
            else:
                value = None
        return value if isinstance(value, int) else None

    def page_size(self, first: int | None) -> int:
        # Sizes out of range are refused by the list of the root, with a message of its own.
        return min(max(self.limits.page_default if first is None else first, 0), self.limits.page)
