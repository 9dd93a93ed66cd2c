"""The limits that a document shows without its schema and variables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from crm.graphql.limits.bounds import Limits

INTROSPECTION_FIELDS = {"__schema", "__type"}


@dataclass(frozen=True)
class Shape:
    """Levels, aliases and fields on top of a selection."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0

    def beside(self, other: "Shape") -> "Shape":
        return Shape(max(self.depth, other.depth), self.aliases + other.aliases, self.fields + other.fields)


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Hold a document against the limits that need no schema.

    :raises TooComplex: if it goes over one of them.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    limits.check("operations", len(operations))
    limits.check("fragments", len(fragments))
    for operation in operations:
        limits.check("variables", len(operation.variable_definitions))
    _check_directives(document, limits)
    measure = _Measure(fragments)
    shapes = [measure.selections(operation.selection_set) for operation in operations]
    for shape in shapes:
        limits.check("root_fields", shape.fields)
        limits.check("depth", shape.depth)
    limits.check("aliases", sum(shape.aliases for shape in shapes))


class _Measure:
    """Shapes of selections; each fragment is measured once, however often it is spread."""

    def __init__(self, fragments: Iterable[FragmentDefinitionNode]) -> None:
        self.fragments = {fragment.name.value: fragment for fragment in fragments}
        self.known: dict[str, Shape] = {}

    def selections(self, selection_set: SelectionSetNode) -> Shape:
        shape = Shape()
        seen: set[str] = set()
        for selection in _flat(selection_set):
            if isinstance(selection, FragmentSpreadNode):
                shape = shape.beside(self.fragment(selection.name.value))
            elif isinstance(selection, FieldNode):
                shape = shape.beside(self.field(selection, seen))
        return shape

    def field(self, field: FieldNode, seen: set[str]) -> Shape:
        key = (field.alias or field.name).value
        # Fields of one name are compared pair by pair in validation: repeats cost like aliases.
        aliases = 1 if field.alias or key in seen else 0
        seen.add(key)
        if field.selection_set is None or field.name.value in INTROSPECTION_FIELDS:
            return Shape(depth=1, aliases=aliases, fields=1)
        below = self.selections(field.selection_set)
        return Shape(depth=below.depth + 1, aliases=aliases + below.aliases, fields=1)

    def fragment(self, name: str) -> Shape:
        if name not in self.known:
            # Stands while the fragment is measured: a cycle adds nothing, and validation refuses it.
            self.known[name] = Shape()
            fragment = self.fragments.get(name)
            if fragment is not None and not _is_introspection(fragment):
                self.known[name] = self.selections(fragment.selection_set)
        return self.known[name]


def _is_introspection(fragment: FragmentDefinitionNode) -> bool:
    return fragment.type_condition.name.value.startswith("__")


def _flat(selection_set: SelectionSetNode) -> Iterator[SelectionNode]:
    """Give fields and spreads of one level: inline fragments make none of their own."""
    for selection in selection_set.selections:
        if isinstance(selection, InlineFragmentNode):
            yield from _flat(selection.selection_set)
        else:
            yield selection


def _check_directives(document: DocumentNode, limits: Limits) -> None:
    total = 0
    nodes: list[Node] = list(document.definitions)
    while nodes:
        node = nodes.pop()
        found = len(getattr(node, "directives", None) or ())
        limits.check("directives_per_node", found)
        total += found
        nodes.extend(getattr(node, "variable_definitions", None) or ())
        selection_set = getattr(node, "selection_set", None)
        nodes.extend(selection_set.selections if selection_set else ())
    limits.check("directives", total)
