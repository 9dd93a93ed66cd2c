"""Check the values of the input: the limits on lists and nesting, and NUL, which PostgreSQL cannot store."""

from collections.abc import Iterable, Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
)

from crm.graphql.core.arguments import Values
from crm.graphql.limits.bounds import Limits

NULL_CHARACTER = "\0"
Path = tuple[str, ...]


class NullCharacters(Exception):
    """Texts of the input contain null characters, at these paths of the arguments of a field."""

    def __init__(self, field: str, paths: Iterable[Path]) -> None:
        super().__init__("Null characters are not allowed.")
        self.field = field
        self.messages = {".".join(path): [str(self)] for path in paths}


def check_literals(document: DocumentNode, limits: Limits) -> None:
    """Refuse too large lists, too deep nesting and null characters in the values of a document."""
    defaults = {
        definition.variable.name.value: definition.default_value
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        for definition in operation.variable_definitions
        if definition.default_value is not None
    }
    _check_arguments(document, defaults, limits)


def check_variables(variables: Values, document: DocumentNode, limits: Limits) -> None:
    """Refuse too many, too large or too deep variables, and null characters by their arguments' paths."""
    limits.check("variables", len(variables))
    dirty = {name: value for name, value in variables.items() if list(_null_characters(value, {}, limits))}
    if dirty:
        _check_arguments(document, dirty, limits)


def _check_arguments(document: DocumentNode, variables: Values, limits: Limits) -> None:
    for field in _fields(document):
        paths = [
            (argument.name.value, *path)
            for argument in field.arguments
            for path in _null_characters(argument.value, variables, limits)
        ]
        if paths:
            raise NullCharacters(field.name.value, paths)


def _fields(document: DocumentNode) -> Iterator[FieldNode]:
    nodes: list[Node] = list(reversed(document.definitions))
    while nodes:
        node = nodes.pop()
        if isinstance(node, FieldNode):
            yield node
        selection_set = getattr(node, "selection_set", None)
        nodes.extend(reversed(selection_set.selections) if selection_set else ())


def _null_characters(value: object, variables: Values, limits: Limits) -> Iterator[Path]:
    """Yield the paths to null characters in a value, which is a node of a document or comes from JSON."""
    # A loop, not recursion: values may be nested deeper than the interpreter's stack.
    open_values: list[tuple[Path, object]] = [((), value)]
    while open_values:
        path, value = open_values.pop()
        limits.check("input_depth", len(path))
        if isinstance(value, VariableNode):
            value = variables.get(value.name.value)
        if isinstance(value, StringValueNode):
            value = value.value
        if isinstance(value, ListValueNode | list):
            items = value if isinstance(value, list) else value.values
            limits.check("list_items", len(items))
            open_values.extend(((*path, str(index)), item) for index, item in enumerate(items))
        elif isinstance(value, ObjectValueNode):
            open_values.extend(((*path, field.name.value), field.value) for field in value.fields)
        elif isinstance(value, dict):
            if any(NULL_CHARACTER in key for key in value):
                yield path
            open_values.extend(((*path, key), item) for key, item in value.items())
        elif isinstance(value, str) and NULL_CHARACTER in value:
            yield path
