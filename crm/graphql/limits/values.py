"""Check the values of the input: the limits on lists and nesting, and texts that cannot be stored."""

from collections.abc import Iterator, Mapping

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
from crm.json_texts import fault_of

Path = tuple[str, ...]
#: What is wrong with the arguments of a field, by their paths.
Messages = Mapping[str, list[str]]
#: The fields of a document whose arguments hold texts that cannot be stored, by the id of their nodes.
Faults = Mapping[int, Messages]


def check_literals(document: DocumentNode, limits: Limits) -> Faults:
    """Refuse too large lists and too deep nesting in the values of a document; return its faulty texts."""
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for default in _defaults(operation).values():
                list(_faults(default, {}, limits))
    return _faulty_fields(document, {}, limits)


def check_variables(
    variables: Values, document: DocumentNode, operation: OperationDefinitionNode, limits: Limits
) -> Faults:
    """Refuse too many, too large or too deep variables; return the fields that faulty texts are sent for.

    The default of a variable that is not sent counts as sent.
    """
    limits.check("variables", len(variables))
    sent = {**_defaults(operation), **variables}
    faulty = {name: value for name, value in sent.items() if list(_faults(value, {}, limits))}
    return _faulty_fields(document, faulty, limits) if faulty else {}


def _defaults(operation: OperationDefinitionNode) -> dict[str, object]:
    return {
        definition.variable.name.value: definition.default_value
        for definition in operation.variable_definitions
        if definition.default_value is not None
    }


def _faulty_fields(document: DocumentNode, variables: Values, limits: Limits) -> Faults:
    found: dict[int, Messages] = {}
    for field in _fields(document):
        messages = {
            ".".join((argument.name.value, *path)): [message]
            for argument in field.arguments
            for path, message in _faults(argument.value, variables, limits)
        }
        if messages:
            found[id(field)] = messages
    return found


def _fields(document: DocumentNode) -> Iterator[FieldNode]:
    nodes: list[Node] = list(reversed(document.definitions))
    while nodes:
        node = nodes.pop()
        if isinstance(node, FieldNode):
            yield node
        selection_set = getattr(node, "selection_set", None)
        nodes.extend(reversed(selection_set.selections) if selection_set else ())


def _faults(value: object, variables: Values, limits: Limits) -> Iterator[tuple[Path, str]]:
    """Yield path and fault of each faulty text in a value, which is a node of a document or from JSON."""
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
            for key, item in value.items():
                fault = fault_of(key)
                if fault is None:
                    open_values.append(((*path, key), item))
                else:
                    # The path ends here: an answer cannot hold such a name either.
                    yield path, fault
        elif isinstance(value, str):
            fault = fault_of(value)
            if fault is not None:
                yield path, fault
