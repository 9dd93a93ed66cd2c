"""The rule of validation for values written in a document: its errors name the argument, as for variables."""

import math
from collections.abc import Iterator, Sequence

from graphql import (
    ASTValidationRule,
    DirectiveNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    specified_rules,
    visit,
)


class NamedLiteralsRule(ValuesOfCorrectTypeRule):
    """graphql-core's rule, whose errors of own scalars have neither a path nor a location."""

    _checked: Node | None = None

    def is_valid_value_node(self, node: ValueNode) -> None:
        self._checked = node
        if self._is_infinite(node):
            self.report_error(GraphQLError("Expected a finite number.", node))
        else:
            super().is_valid_value_node(node)
        self._checked = None

    def _is_infinite(self, node: Node) -> bool:
        # graphql-core refuses an infinity in a variable only; a literal such as 1e999 is one too.
        if not isinstance(node, FloatValueNode | IntValueNode):
            return False
        named = get_named_type(self.context.get_input_type())
        is_float = isinstance(node, FloatValueNode) or (named is not None and named.name == "Float")
        return is_float and math.isinf(float(node.value))

    def report_error(self, error: GraphQLError) -> None:
        node = self._checked or (error.nodes[0] if error.nodes else None)
        place = None if node is None else _place_of(self.context.document, node)
        message = error.message if place is None else f"{place}: {error.message}"
        super().report_error(GraphQLError(message, node, original_error=error.original_error))


#: The rules of GraphQL, with this one in the place of graphql-core's.
RULES: Sequence[type[ASTValidationRule]] = tuple(
    NamedLiteralsRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
)


def _place_of(document: Node, wanted: Node) -> str | None:
    """Return the argument or variable that a value belongs to, with the path in it."""
    # Looked for once there is an error: a visitor that noted all paths would slow down valid documents.
    for owner, value in _values(document):
        for path, node in _nodes(value, ()):
            if node is wanted:
                return ".".join((owner, *path)) + "'"
    return None


def _values(document: Node) -> Iterator[tuple[str, Node]]:
    """Yield the start of the name and the value of each argument and default of a document."""
    found: list[tuple[str, Node]] = []

    class Values(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            self._add(node)

        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            self._add(node)

        def _add(self, node: FieldNode | DirectiveNode) -> None:
            found.extend((f"Argument '{each.name.value}", each.value) for each in node.arguments)

        def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
            if node.default_value is not None:
                found.append((f"Variable '${node.variable.name.value}", node.default_value))

    visit(document, Values())
    return iter(found)


def _nodes(value: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    # Recursion is safe: the limit on the depth of input was checked before.
    yield path, value
    if isinstance(value, ObjectFieldNode):
        yield from _nodes(value.value, path)
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _nodes(field, (*path, field.name.value))
    elif isinstance(value, ListValueNode):
        for index, item in enumerate(value.values):
            yield from _nodes(item, (*path, str(index)))
