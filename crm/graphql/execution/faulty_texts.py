"""Refuses the fields of a document that are sent texts which cannot be stored, and those fields alone."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLError, GraphQLResolveInfo, OperationDefinitionNode, SelectionSetNode

from crm.graphql.core.errors import FormattedError, validation_error
from crm.graphql.documents import Document
from crm.graphql.limits import Faults

#: The errors of root fields, by the id of their nodes.
FieldErrors = Mapping[int, FormattedError]


class RefusedFields(NamedTuple):
    """The root fields of an operation that are not answered; ``is_whole`` if there is no other."""

    errors: FieldErrors
    is_whole: bool


def refused_fields(document: Document, operation: OperationDefinitionNode, faults: Faults) -> RefusedFields:
    """Return the root fields of an operation that have a faulty text, in their arguments or below them."""
    if not faults:
        return RefusedFields({}, is_whole=False)
    roots = _level(document, operation.selection_set, set())
    found = {}
    for root in roots:
        # The whole root field: it reads the rows of nested lists too, by their arguments.
        faulty = next((node for node in _below(document, root) if id(node) in faults), None)
        if faulty is not None:
            found[id(root)] = validation_error(faulty.name.value, dict(faults[id(faulty)]))
    return RefusedFields(found, is_whole=len(found) == len(roots))


def refusing(fields: FieldErrors) -> Callable[..., object]:
    """Return middleware of graphql-core that raises the errors of these root fields."""

    def refuse(
        resolve: Callable[..., object], root: object, info: GraphQLResolveInfo, **arguments: Any
    ) -> object:
        for node in info.field_nodes:
            if id(node) in fields:
                error = fields[id(node)]
                raise GraphQLError(error["message"], extensions=error["extensions"])
        return resolve(root, info, **arguments)

    return refuse


def _below(document: Document, root: FieldNode) -> list[FieldNode]:
    """Return a field and all fields of its selection."""
    found = [root]
    spread: set[str] = set()
    for node in found:
        # The list grows while it is read, until no field has a selection that was not seen.
        found += _level(document, node.selection_set, spread)
    return found


def _level(document: Document, selection_set: SelectionSetNode | None, spread: set[str]) -> list[FieldNode]:
    """Return the fields of one level of a selection, through its fragments; each fragment once."""
    found: list[FieldNode] = []
    open_selections: list[Any] = list(selection_set.selections) if selection_set else []
    while open_selections:
        selection = open_selections.pop(0)
        if isinstance(selection, FieldNode):
            found.append(selection)
            continue
        inner = selection
        if hasattr(selection, "name"):
            name = selection.name.value
            if name in spread:
                continue
            spread.add(name)
            inner = document.fragments[name]
        open_selections = [*inner.selection_set.selections, *open_selections]
    return found
