"""Documents that the schema allows, drawn by Hypothesis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from crm.graphql.core.fields import Derived, SameRow
from crm.graphql.core.list_fields import BatchedList
from crm.graphql.lists.paginator import ListField
from tests.clients import GraphQLSchema

QUERY: Any = GraphQLSchema.query_type
DECLARED = {declared.name or name: declared for name, declared in QUERY.graphene_type._meta.fields.items()}
LISTS = sorted(name for name, declared in DECLARED.items() if isinstance(declared, ListField))
#: Operands of conditions; most fit some columns only.
VALUES = [
    None,
    1,
    2,
    "1",
    "1234.50",
    "EUR",
    "a",
    "A%",
    "%e%",
    "Ünïcödé",
    "2026-01-01T00:00:00Z",
    True,
    [1, 2],
    ["1", "3"],
    "OPEN",
]
KINDS = ["LEAD", "PEOPLE", "ORGANIZATION"]
WORDS = ["e", "deal", "Ünï"]
OPERATORS = [
    "EQ",
    "NEQ",
    "GT",
    "LTE",
    "LIKE",
    "NOT_LIKE",
    "IN",
    "NOT_IN",
    "BETWEEN",
    "IS_NULL",
    "IS_NOT_NULL",
]


@dataclass
class Drawn:
    """A document while it is drawn, and its variables."""

    draw: DrawFn
    aliases: int = 0
    variables: dict[str, Any] = field(default_factory=dict)
    declarations: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    #: A valid cursor of each list, for its default order.
    cursors: Mapping[str, str] = field(default_factory=dict)

    def one_in(self, number: int) -> bool:
        return self.draw(st.integers(1, number)) == 1

    def variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = value
        self.declarations.append(f"${name}: {kind}")
        return f"${name}"

    def key(self, name: str) -> str:
        """Return a field's name, sometimes with an alias."""
        if self.one_in(5):
            self.aliases += 1
            return f"a{self.aliases}: {name}"
        return name

    def directive(self) -> str:
        if not self.one_in(8):
            return ""
        wanted = self.draw(st.booleans())
        value = self.variable("Boolean!", wanted) if self.one_in(2) else str(wanted).lower()
        return f" @{self.draw(st.sampled_from(['include', 'skip']))}(if: {value})"

    def selection(self, type_: GraphQLObjectType, depth: int) -> str:
        """Draw the selection of an object."""
        fields = [
            (name, each) for name, each in sorted(type_.fields.items()) if self._may_draw(type_, name, each)
        ]
        leaves = [(name, each) for name, each in fields if is_leaf_type(get_named_type(each.type))]
        chosen = self.draw(st.lists(st.sampled_from(leaves), min_size=0, max_size=4)) if leaves else []
        objects = [(name, each) for name, each in fields if not is_leaf_type(get_named_type(each.type))]
        if depth and objects:
            chosen += self.draw(st.lists(st.sampled_from(objects), min_size=0, max_size=2))
        parts = [self._field(name, each, depth) for name, each in chosen]
        if not parts or self.one_in(6):
            parts.append(self.key("__typename"))
        return "{ " + " ".join(self._in_fragments(type_, part) for part in parts) + " }"

    def _may_draw(self, type_: GraphQLObjectType, name: str, each: GraphQLField) -> bool:
        if each.args.keys() - {"first"}:
            return False
        declared = getattr(type_, "graphene_type", None)
        fields = declared._meta.fields if declared else {}
        found = next((own for attribute, own in fields.items() if (own.name or attribute) == name), None)
        # The standard executor runs the whole document if one field is of these.
        return not isinstance(found, Derived | BatchedList | SameRow) or self.one_in(40)

    def _field(self, name: str, each: GraphQLField, depth: int) -> str:
        kind: Any = get_named_type(each.type)
        below = "" if is_leaf_type(kind) else f" {self.selection(kind, depth - 1)}"
        first = self._first(each)
        # Under an alias of its own: two sizes of one key are refused.
        key = f"a{self._next()}: {name}{first}" if first else self.key(name)
        return f"{key}{self.directive()}{below}"

    def _first(self, each: GraphQLField) -> str:
        """Draw the size of a nested list, also as a variable, null, and rarely out of range."""
        if not each.args or self.one_in(3):
            return ""
        kind = str(each.args["first"].type)
        first = self.draw(st.sampled_from([0, 1, 2, 3, 100])) if not self.one_in(60) else 101
        if kind == "Int" and self.one_in(6):
            return f"(first: {self.variable(kind, None) if self.one_in(2) else 'null'})"
        return f"(first: {self.variable(kind, first) if self.one_in(2) else first})"

    def _in_fragments(self, type_: GraphQLObjectType, part: str) -> str:
        if self.one_in(8):
            return f"...{f' on {type_.name}' if self.one_in(2) else self.directive()} {{ {part} }}"
        if self.one_in(10):
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {type_.name} {{ {part} }}")
            return f"...{name}{self.directive()}"
        return part

    def listing(self) -> str:
        """Draw a list of the root with its arguments."""
        name = self.draw(st.sampled_from(LISTS + ["leads", "peoples", "organizations", "pipelines"] * 6))
        definition = QUERY.fields[name]
        wrapper: Any = get_named_type(definition.type)
        row: Any = get_named_type(wrapper.fields["data"].type)
        parts = [f"{self.key('data')} {self.selection(row, 3)}"]
        if self.one_in(6):
            parts.append(f"b{self._next()}: data {self.selection(row, 1)}")
        if self.one_in(3):
            info: Any = get_named_type(wrapper.fields["paginatorInfo"].type)
            parts.append(f"{self.key('paginatorInfo')} {self.selection(info, 0)}")
        if self.one_in(8):
            parts.append("__typename")
        self._next()
        return f"r{self.aliases}: {name}{self._arguments(name, definition)} {{ {' '.join(parts)} }}"

    def _next(self) -> int:
        self.aliases += 1
        return self.aliases

    def _arguments(self, name: str, definition: GraphQLField) -> str:
        arguments = [
            f"{each}: {self.draw(st.sampled_from(KINDS)) if each == 'entity_type' else 1}"
            for each, argument in definition.args.items()
            if is_required_argument(argument)
        ]
        first = self.draw(st.sampled_from([0, 1, 2, 3, 5, 100]))
        arguments.append(f"first: {self.variable('Int!', first) if self.one_in(3) else first}")
        if name in self.cursors and self.one_in(6):
            arguments.append(f'after: "{self.cursors[name]}"')
        else:
            if self.one_in(4):
                arguments.append(f"page: {self.draw(st.integers(1, 4))}")
            if self.one_in(2):
                arguments.append(self._order(definition))
        # Rarely: most values do not fit the column, and then the document is refused.
        if self.one_in(6):
            arguments.append(f"where: {self._where(definition, 2)}")
        if "search" in definition.args and self.one_in(10):
            arguments.append(f'search: "{self.draw(st.sampled_from(WORDS))}"')
        return f"({', '.join(arguments)})"

    def _columns(self, type_: Any) -> list[str]:
        inputs: GraphQLInputObjectType = get_named_type(type_)
        column: GraphQLEnumType = get_named_type(inputs.fields["column"].type)
        return sorted(column.values)

    def _order(self, definition: GraphQLField) -> str:
        columns = self._columns(definition.args["orderBy"].type)
        clauses = self.draw(
            st.lists(st.tuples(st.sampled_from(columns), st.sampled_from(["ASC", "DESC"])), max_size=2)
        )
        written = ", ".join(f"{{column: {column}, order: {direction}}}" for column, direction in clauses)
        return f"orderBy: [{written}]"

    def _where(self, definition: GraphQLField, depth: int) -> str:
        column = self.draw(st.sampled_from(self._columns(definition.args["where"].type)))
        operator = self.draw(st.sampled_from(OPERATORS))
        value = self.variable("Mixed", self.draw(st.sampled_from(VALUES)))
        parts = [f"column: {column}, operator: {operator}, value: {value}"]
        if depth and self.one_in(3):
            parts.append(
                f"{self.draw(st.sampled_from(['AND', 'OR']))}: [{self._where(definition, depth - 1)}]"
            )
        return f"{{{', '.join(parts)}}}"


@st.composite
def documents(draw: DrawFn, cursors: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Draw a query of one or two lists, with its variables.

    :param cursors: a valid cursor of each list.
    """
    drawn = Drawn(draw, cursors=cursors)
    roots = [drawn.listing() for _ in range(draw(st.integers(1, 2)))]
    if drawn.one_in(10):
        roots.append("__typename")
    declared = f"({', '.join(drawn.declarations)})" if drawn.declarations else ""
    return f"query{declared} {{ {' '.join(roots)} }} {' '.join(drawn.fragments)}", drawn.variables
