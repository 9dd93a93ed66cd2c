"""Every answer of the API about a company, without keys: what two installations must agree on."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType, Undefined, get_named_type, is_leaf_type

from crm.actors import Actor
from tests.clients import GraphQLSchema, ask
from tests.tenants.walk import is_list_of_pages, operations, relations, row_type

#: Root fields whose answers belong to one installation, or say what others say, and why.
NOT_ASKED = {
    "imports": "jobs are left out of archives",
    "importJob": "jobs are left out of archives",
    "exportJob": "jobs are left out of archives",
    "calendarFeed": "calendar addresses are secret",
    "leadReceiverKey": "keys follow from the secret of an installation",
    "customField": "one of customFields",
    "simulateLeadRotation": "follows from a rotation",
    "previewMergePeople": "says what a merge would do",
    "previewMergeOrganizations": "says what a merge would do",
}
#: Fields that hold keys, or that another moment or installation changes, and why.
CHANGING = {
    "id": "a key",
    "cursor": "a place in the log of an installation",
    "default_company": "a key",
    "url": "holds the address of an installation",
    "seconds": "goes on while a lead is in its stage",
    "invitation_state": "invitations are left out of archives",
    "mailed_at": "mails are left out of archives",
}
RECORDS = {"Lead": "LEAD", "People": "PEOPLE", "Organization": "ORGANIZATION"}


def answers(actor: Actor) -> dict[str, Any]:
    """Return the answer to every query about the company by its name; of single rows, for each row."""
    found: dict[str, Any] = {}
    keys: dict[str, list[str]] = {}
    later = []
    for coordinate, field in operations(GraphQLSchema).items():
        root, name = coordinate.split(".")
        if root != "Query" or name in NOT_ASKED:
            continue
        required = {key for key, each in field.args.items() if _is_required(each)}
        kind = row_type(field)
        if required:
            later.append((name, field, required))
            continue
        found[name] = _ask(name, field, "", actor)
        rows = found[name].get("data") if is_list_of_pages(field) and found[name] else found[name]
        if kind is not None and "id" in kind.fields and isinstance(rows, list):
            keys.setdefault(kind.name, []).extend(row["id"] for row in rows)
    for name, field, required in later:
        found[name] = [_ask(name, field, given, actor) for given in _arguments(field, required, keys)]
        assert found[name], name
    return {name: without_keys(answer) for name, answer in found.items()}


def _arguments(field: GraphQLField, required: set[str], keys: dict[str, list[str]]) -> Iterator[str]:
    """Yield the required arguments of a field, for each row that it may mean."""
    if required == {"entity_type", "entity_id"}:
        for type_name, name in RECORDS.items():
            yield from (f'(entity_type: {name}, entity_id: "{key}")' for key in keys[type_name])
        return
    if required == {"tag"}:
        yield '(tag: "VIP")'
        return
    if required == {"from", "to"}:
        yield '(from: "2020-01-01", to: "2020-12-31")'
        return
    assert required == {"id"}, "Say how the field is asked, or why it is not."
    kind = row_type(field)
    yield from (f'(id: "{key}")' for key in keys["People" if kind is None else kind.name])


def _is_required(argument: Any) -> bool:
    return isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined


def _ask(name: str, field: GraphQLField, arguments: str, actor: Actor) -> Any:
    kind: Any = get_named_type(field.type)
    merged: Any = None
    selections = [""] if is_leaf_type(kind) else [f"{{ {each} }}" for each in _selections(kind)]
    for selection in selections:
        answer = ask(f"{{ {name}{arguments} {selection} }}", actor=actor)
        assert "errors" not in answer, (name, selection, answer["errors"])
        merged = _merged(merged, answer["data"][name])
    return merged


def _selections(kind: GraphQLObjectType) -> Iterator[str]:
    """Yield selections that together name every field down to the rows of rows: each within the limits."""
    if kind.name.endswith("Paginator"):
        row = relations(kind)["data"]
        for selection in _selections(row):
            yield f"paginatorInfo {{ total }} data {{ {selection} }}"
        return
    yield _scalars(kind)
    for name, below in relations(kind).items():
        if _is_open(kind, name):
            yield f"{_key(kind)} {name} {{ {_below(below)} }}"


def _below(kind: GraphQLObjectType) -> str:
    if kind.name.endswith("Paginator"):
        return f"paginatorInfo {{ total }} data {{ {_scalars(relations(kind)['data'])} }}"
    return _scalars(kind)


def _scalars(kind: GraphQLObjectType) -> str:
    names = [
        name
        for name, field in kind.fields.items()
        if is_leaf_type(get_named_type(field.type)) and _is_open(kind, name)
    ]
    return " ".join(["__typename", *names])


def _key(kind: GraphQLObjectType) -> str:
    return "__typename id" if "id" in kind.fields else "__typename"


def _is_open(kind: GraphQLObjectType, name: str) -> bool:
    return not any(_is_required(each) for each in kind.fields[name].args.values())


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merged(one.get(key), other.get(key, one.get(key))) for key in one.keys() | other.keys()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_merged(left, right) for left, right in zip(one, other, strict=True)]
    return other if other is not None else one


def without_keys(value: Any) -> Any:
    """Return an answer without the keys of rows, which differ between installations."""
    if isinstance(value, dict):
        # The contact types that all companies share are as old as the installation.
        is_shared = value.get("__typename") == "ContactType"
        return {
            name: without_keys(each)
            for name, each in value.items()
            if name not in CHANGING
            and not name.endswith(("_id", "_ids"))
            and not (is_shared and name == "created_at")
        }
    return [without_keys(each) for each in value] if isinstance(value, list) else value


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield where two answers differ, with both values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(name), found.get(name), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}.{number}")
    elif expected != found:
        yield f"{path}: {expected!r} is {found!r}"[:300]
