"""Walk the schema: its operations, the arguments that take an id, and the paths between types."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

ROOTS = ("Query", "Mutation", "Subscription")


def operations(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    """Return every root field by its coordinate, such as ``Query.leads``."""
    return {
        f"{root}.{name}": field
        for root in ROOTS
        if isinstance(kind := schema.get_type(root), GraphQLObjectType)
        for name, field in kind.fields.items()
    }


def id_places(field: GraphQLField) -> set[str]:
    """Return the paths of the arguments that take an id: ``input.people_id``, ``input.contacts.0.id``.

    Conditions of ``where`` are not among them: there an id is a value to compare with.
    """
    return {
        path for name, argument in field.args.items() for path in _id_places(name, argument.type, path=name)
    }


def _id_places(name: str, type_: Any, *, path: str) -> Iterator[str]:
    if isinstance(type_, GraphQLNonNull):
        yield from _id_places(name, type_.of_type, path=path)
    elif isinstance(type_, GraphQLList):
        yield from _id_places(name, type_.of_type, path=f"{path}.0")
    elif isinstance(type_, GraphQLInputObjectType):
        if not is_generated(type_):
            for key, field in type_.fields.items():
                yield from _id_places(key, field.type, path=f"{path}.{key}")
    # An id in another product names no row of anybody: each company has its own.
    elif (
        name != "external_id"
        and not isinstance(type_, GraphQLEnumType)
        and (type_.name == "ID" or name == "id" or name.endswith(("_id", "_ids", "uuid")))
    ):
        yield path


def is_generated(type_: GraphQLInputObjectType) -> bool:
    """Return whether an input type is generated from the columns of a list (conditions, orders)."""
    return set(type_.fields) >= {"column"} or set(type_.fields) >= {"relation", "condition"}


def document(coordinate: str, field: GraphQLField, arguments: Mapping[str, Any], selection: str) -> str:
    """Return a document that runs one operation with these arguments as variables."""
    root, name = coordinate.split(".")
    declared = ", ".join(f"${key}: {field.args[key].type}" for key in arguments)
    given = ", ".join(f"{key}: ${key}" for key in arguments)
    variables, call = (f"({declared})", f"({given})") if arguments else ("", "")
    return f"{root.lower()} {variables} {{ {name}{call} {selection} }}"


def is_list_of_pages(field: GraphQLField) -> bool:
    return get_named_type(field.type).name.endswith("Paginator")


def row_type(field: GraphQLField) -> GraphQLObjectType | None:
    """Return the type of the rows that an operation returns, or None if it returns a scalar."""
    kind = get_named_type(field.type)
    if not isinstance(kind, GraphQLObjectType):
        return None
    return relations(kind)["data"] if is_list_of_pages(field) else kind


def scalars(type_: GraphQLObjectType) -> str:
    """Return a selection of all scalar fields of a type."""
    return " ".join(name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type)))


def selection_of(field: GraphQLField) -> str:
    """Return a selection of all scalars of an operation's rows."""
    kind = row_type(field)
    if kind is None:
        return ""
    rows = f"{{ __typename {scalars(kind)} }}"
    return f"{{ data {rows} paginatorInfo {{ total }} }}" if is_list_of_pages(field) else rows


def relations(type_: GraphQLObjectType) -> dict[str, GraphQLObjectType]:
    """Return the fields of a type whose type is a row type."""
    return {
        name: kind
        for name, field in type_.fields.items()
        if isinstance(kind := get_named_type(field.type), GraphQLObjectType)
    }


def paths(type_: GraphQLObjectType, *, longest: int) -> Iterator[tuple[str, ...]]:
    """Yield every path of relations from a type, up to this length."""
    if longest == 0:
        return
    for name, kind in relations(type_).items():
        yield (name,)
        for rest in paths(kind, longest=longest - 1):
            yield (name, *rest)
