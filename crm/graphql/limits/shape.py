"""The limits that need neither schema nor variables, checked before a document is validated."""

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
    """Levels and aliases of a selection, and the fields of its first level."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0

    def __add__(self, other: "Shape") -> "Shape":
        return Shape(max(self.depth, other.depth), self.aliases + other.aliases, self.fields + other.fields)


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Check a document against the limits that need no schema."""
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
    """Measures selections; each fragment once, however often it is spread."""

    def __init__(self, fragments: Iterable[FragmentDefinitionNode]) -> None:
        self.fragments = {fragment.name.value: fragment for fragment in fragments}
        self.fragment_shapes: dict[str, Shape] = {}

    def selections(self, selection_set: SelectionSetNode) -> Shape:
        shape = Shape()
        seen: set[str] = set()
        for selection in _flat(selection_set):
            if isinstance(selection, FragmentSpreadNode):
                shape += self.fragment(selection.name.value)
            elif isinstance(selection, FieldNode):
                shape += self.field(selection, seen)
        return shape

    def field(self, field: FieldNode, seen: set[str]) -> Shape:
        key = (field.alias or field.name).value
        # Validation compares fields of one key pair by pair, so that repeats cost as much as aliases.
        aliases = 1 if field.alias or key in seen else 0
        seen.add(key)
        if field.selection_set is None or field.name.value in INTROSPECTION_FIELDS:
            return Shape(depth=1, aliases=aliases, fields=1)
        below = self.selections(field.selection_set)
        return Shape(depth=below.depth + 1, aliases=aliases + below.aliases, fields=1)

    def fragment(self, name: str) -> Shape:
        if name not in self.fragment_shapes:
            # Ends the recursion of a cycle, which validation refuses afterwards.
            self.fragment_shapes[name] = Shape()
            fragment = self.fragments.get(name)
            if fragment is not None and not _is_introspection(fragment):
                self.fragment_shapes[name] = self.selections(fragment.selection_set)
        return self.fragment_shapes[name]


def _is_introspection(fragment: FragmentDefinitionNode) -> bool:
    return fragment.type_condition.name.value.startswith("__")


def _flat(selection_set: SelectionSetNode) -> Iterator[SelectionNode]:
    """Yield the fields and spreads of one level; inline fragments do not make a level."""
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
