"""Every writable input field is listed by hand; all others are refused."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from crm.actors import Actor
from tests.clients import GraphQLSchema, ask
from tests.factories.crm import Actors
from tests.rows.registry import APPS
from tests.stored import read_all
from tests.tenants.walk import document, is_generated, operations, selection_of

LISTED = Path(__file__).parent / "input_fields.txt"
#: The fields of the inputs that follow from the columns of a list.
CONDITION = {"AND", "OR", "column", "operator", "value"}
GENERATED = [
    CONDITION,
    CONDITION | {"HAS"},
    CONDITION | {"HAS", "custom_field"},
    {"relation", "operator", "amount", "condition"},
    {"column", "order"},
]
#: Columns that decide whose a row is, what it is, or what a user may do.
GUARDED = {
    "id",
    "uuid",
    "company",
    "company_id",
    "created_at",
    "updated_at",
    "version",
    "is_staff",
    "user_id",
}
OPERATIONS = operations(GraphQLSchema)


def input_types() -> dict[str, GraphQLInputObjectType]:
    return {
        name: kind
        for name, kind in GraphQLSchema.type_map.items()
        if isinstance(kind, GraphQLInputObjectType)
    }


def written_by_hand() -> dict[str, GraphQLInputObjectType]:
    return {name: kind for name, kind in input_types().items() if not is_generated(kind)}


def all_columns() -> set[str]:
    """Return the column names of the product's tables."""
    return GUARDED | {
        name
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for column in model._meta.concrete_fields
        for name in (column.name, column.attname)
    }


def operation_with(wanted: str) -> tuple[str, list[str]]:
    """Return an operation that takes an input type, and the path of its argument."""
    for coordinate, field in OPERATIONS.items():
        for name, argument in field.args.items():
            path = _path(argument.type, wanted)
            if path is not None:
                return coordinate, [name, *path]
    raise AssertionError(f"nothing takes {wanted}")


def _path(type_: Any, wanted: str) -> list[str] | None:
    if isinstance(type_, GraphQLNonNull | GraphQLList):
        below = _path(type_.of_type, wanted)
        prefix = ["[]"] if isinstance(type_, GraphQLList) else []
        return None if below is None else [*prefix, *below]
    if type_.name == wanted:
        return []
    if not isinstance(type_, GraphQLInputObjectType):
        return None
    for name, field in type_.fields.items():
        # Conditions nest in themselves.
        if is_generated(type_) and name not in ("HAS", "condition"):
            continue
        below = _path(field.type, wanted)
        if below is not None:
            return [name, *below]
    return None


def with_extra(path: list[str], extra: list[str]) -> Any:
    if not path:
        return dict.fromkeys(extra, "1")
    head, *rest = path
    return [with_extra(rest, extra)] if head == "[]" else {head: with_extra(rest, extra)}


def filled(type_: Any, value: Any) -> Any:
    """Add the fields without which a value of an input type is not legal."""
    if isinstance(type_, GraphQLNonNull):
        return filled(type_.of_type, value)
    if isinstance(type_, GraphQLList):
        return [filled(type_.of_type, item) for item in value]
    if not isinstance(type_, GraphQLInputObjectType):
        return value
    whole = {
        name: filled(type_.fields[name].type, item) for name, item in value.items() if name in type_.fields
    }
    extra = {name: item for name, item in value.items() if name not in type_.fields}
    required = {
        name: sample(field.type)
        for name, field in type_.fields.items()
        if isinstance(field.type, GraphQLNonNull) and field.default_value is None and name not in whole
    }
    return {**required, **whole, **extra}


def sample(type_: Any) -> Any:
    kind: Any = get_named_type(type_)
    return next(iter(kind.values)) if hasattr(kind, "values") else "1"


def refusal_of(type_name: str, extra: list[str], actor: Actor) -> dict[str, Any]:
    coordinate, path = operation_with(type_name)
    field = OPERATIONS[coordinate]
    arguments = with_extra(path, extra)
    arguments = {name: filled(field.args[name].type, value) for name, value in arguments.items()}
    required = {
        name: "1"
        for name, argument in field.args.items()
        if isinstance(argument.type, GraphQLNonNull) and name not in arguments and name != "first"
    }
    arguments |= required
    return ask(document(coordinate, field, arguments, selection_of(field)), actor=actor, variables=arguments)


def test_inputs_are_those_that_are_listed():
    fields = sorted(f"{name}.{field}" for name, kind in written_by_hand().items() for field in kind.fields)

    assert fields == LISTED.read_text().split(), f"Review the new fields, then change {LISTED.name}."


def test_inputs_of_lists_have_no_fields_of_their_own():
    for name, kind in input_types().items():
        if is_generated(kind):
            assert set(kind.fields) in GENERATED, name


@pytest.mark.one_database
@pytest.mark.django_db
def test_every_other_column_is_refused(actors: Actors, settings: Any, capsys: pytest.CaptureFixture[str]):
    before = read_all()
    extra = {name: sorted(all_columns() - set(kind.fields)) for name, kind in input_types().items()}
    # All columns stand in one request, and each has an error of its own.
    settings.GRAPHQL_LIMITS = {"errors": 2 * len(all_columns())}

    wrong = []
    for name, columns in extra.items():
        answer = refusal_of(name, columns, actors.admin)
        codes = {str(error["extensions"]["code"]) for error in answer["errors"]}
        said = "".join(error["message"] for error in answer["errors"])
        alike = "data" not in answer and codes == {"BAD_USER_INPUT"}
        unnamed = [column for column in columns if f"Field '{column}' is not defined" not in said]
        wrong += [f"{name}.{column}: {answer}" for column in (unnamed if alike else columns)]

    tried = sum(map(len, extra.values()))
    with capsys.disabled():
        print(f"\nextra columns in inputs: {tried - len(wrong)} of {tried} cells")
    assert wrong == []
    assert read_all() == before
