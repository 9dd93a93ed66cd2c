"""The cost of an operation: the objects in its response, estimated before it runs."""

from collections.abc import Mapping

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
    it. Scalars and introspection are free. ``first`` of a page applies to its ``data``.
    """
    root = schema.get_root_type(operation.operation)
    return _Count(schema, fragments, variables, limits).selections(operation.selection_set, root, None)


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
        self.fragment_costs: dict[tuple[str, int | None], int] = {}

    def selections(
        self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None, page: int | None
    ) -> int:
        """Count the objects below one object; ``page`` is the page size if that object wraps a page."""
        total = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                total += self.field(selection, parent, page)
            elif isinstance(selection, FragmentSpreadNode):
                total += self.fragment(selection.name.value, page)
            else:
                condition = getattr(selection, "type_condition", None)
                kind = type_from_ast(self.schema, condition) if condition else parent
                total += self.selections(selection.selection_set, kind, page)  # type: ignore[attr-defined]  # inline
        return total

    def fragment(self, name: str, page: int | None) -> int:
        key = (name, page)
        if key not in self.fragment_costs:
            fragment = self.fragments[name]
            kind = type_from_ast(self.schema, fragment.type_condition)
            self.fragment_costs[key] = self.selections(fragment.selection_set, kind, page)
        return self.fragment_costs[key]

    def field(self, node: FieldNode, parent: GraphQLNamedType | None, page: int | None) -> int:
        field = getattr(parent, "fields", {}).get(node.name.value)
        # Fields of introspection are not among the fields of a type.
        if field is None or node.selection_set is None:
            return 0
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return 0
        is_list = is_list_type(get_nullable_type(field.type))
        argument = field.args.get(PAGE_ARGUMENT)
        if argument is not None:
            size = self.page_size(node, argument)
            below = self.selections(node.selection_set, kind, None if is_list else size)
            return size * (1 + below) if is_list else 1 + below
        objects = self.list_size(node, page) if is_list else 1
        return objects * (1 + self.selections(node.selection_set, kind, None))

    def list_size(self, node: FieldNode, page: int | None) -> int:
        if page is not None and node.name.value == PAGE_FIELD:
            return page
        return self.limits.unpaged_list

    def page_size(self, node: FieldNode, argument: GraphQLArgument) -> int:
        value = argument.default_value
        for given in node.arguments:
            if given.name.value != PAGE_ARGUMENT:
                continue
            if isinstance(given.value, IntValueNode):
                value = int(given.value.value)
            elif isinstance(given.value, VariableNode):
                value = self.variables.get(given.value.name.value, value)
        size: int = value if isinstance(value, int) else self.limits.page_default
        # Sizes out of range are refused by the list, with a message of its own.
        return min(max(size, 0), self.limits.page)
