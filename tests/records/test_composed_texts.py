"""Texts are stored and compared in NFC, whichever door they come through."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, OperationType

from crm.graphql.execution import Operation, Refused, prepare, run
from crm.models import Company
from people.models import Person
from tests.admin.conftest import errors_of, form_of, signed_in
from tests.clients import GraphQLSchema, data
from tests.commands.running import run as command
from tests.module_tenant import made_tenant, tenant
from tests.records.mutating import OPERATIONS, mutate
from tests.stored import Watch, read_all, rolled_back
from tests.tenants.cases import CASES, coordinate_of, own_arguments, with_value
from tests.tenants.walk import document, is_generated, selection_of
from tests.tenants.world import make_world

__all__ = ["made_tenant", "signed_in", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.usefixtures("unrendered")]

DECOMPOSED = "Jose\u0301"
#: An accent that stands alone, as databases may show it.
ACCENTS = ("\u0301", "\\u0301")
#: Places of the API that must have stored the text, or the test tries nothing.
FEWEST_PLACES = 120


def text_places(type_: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the paths of the arguments that take a text, each with a decomposed one."""
    if isinstance(type_, GraphQLNonNull):
        yield from text_places(type_.of_type, path)
    elif isinstance(type_, GraphQLList):
        yield from text_places(type_.of_type, f"{path}.0")
    elif isinstance(type_, GraphQLInputObjectType):
        if not is_generated(type_):
            for key, field in type_.fields.items():
                yield from text_places(field.type, f"{path}.{key}")
    elif type_.name == "String":
        yield path, "jose\u0301@example.com" if "email" in path.rpartition(".")[2] else DECOMPOSED
    elif type_.name == "Mixed":
        yield path, DECOMPOSED
        yield path, {DECOMPOSED: [DECOMPOSED]}


def test_no_mutation_stores_a_decomposed_text():
    world = make_world()
    watch = Watch()
    before = {table: set(rows) for table, rows in watch.before.items()}
    wrong, stored = [], 0
    for name, case in CASES.items():
        coordinate = coordinate_of(name)
        if not coordinate.startswith("Mutation."):
            continue
        field = OPERATIONS[coordinate]
        for argument, declared in field.args.items():
            for path, value in text_places(declared.type, argument):
                arguments = own_arguments(case, world.own)
                for beside, other in case.besides.get(path, {}).items():
                    arguments = with_value(arguments, beside, other)
                arguments = with_value(arguments, path, value)
                # What is answered is tried elsewhere: here counts what is stored.
                selection = selection_of(field) and "{ __typename }"
                text = document(coordinate, field, arguments, selection)
                operation = Operation(query=text, variables=arguments)
                watch.restart()
                with rolled_back():
                    try:
                        prepared = prepare(
                            GraphQLSchema,
                            operation,
                            actor=world.own.tenant.actors.admin,
                            allow=frozenset(OperationType),
                        )
                    except Refused:
                        continue
                    if "errors" in run(prepared):
                        continue
                    new = [
                        repr(row)
                        for table, rows in watch.changed().items()
                        for row in rows
                        if row not in before[table]
                    ]
                stored += any("José" in row or "Jos\\\\u00e9" in row for row in new)
                wrong += [(name, path, row) for row in new if any(accent in row for accent in ACCENTS)]

    assert wrong == []
    assert stored >= FEWEST_PLACES


ADMIN_PAGES = {
    "crm/tag": {"name": DECOMPOSED},
    "crm/customfielddefinition": {"name": DECOMPOSED, "label": DECOMPOSED, "model": "LEAD", "kind": "TEXT"},
    "people/person": {"firstname": DECOMPOSED, "custom_fields": f'{{"{DECOMPOSED}": ["{DECOMPOSED}"]}}'},
    "people/organization": {"name": DECOMPOSED, "city": DECOMPOSED},
    "people/contacttype": {"name": DECOMPOSED},
    "people/peoplerelationship": {"name": DECOMPOSED, "description": DECOMPOSED},
    "leads/lead": {"title": DECOMPOSED, "description": DECOMPOSED},
    "leads/leadstatus": {"name": DECOMPOSED},
    "leads/leadtype": {"name": DECOMPOSED, "description": DECOMPOSED},
    "leads/leadsource": {"name": DECOMPOSED},
    "leads/leadlostreason": {"name": DECOMPOSED},
    "leads/leadreceiver": {"name": DECOMPOSED},
    "leads/leadrotation": {"name": DECOMPOSED},
    "pipelines/pipeline": {
        "name": DECOMPOSED,
        "description": DECOMPOSED,
        "stages-TOTAL_FORMS": "1",
        "stages-0-name": DECOMPOSED,
        "stages-0-rotting_days": "0",
        "stages-0-probability": "50",
    },
}


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_no_form_stores_a_decomposed_text(page, signed_in):
    client = signed_in("admin")
    before = {table: set(rows) for table, rows in read_all().items()}
    address = f"/admin/{page}/add/"

    answer = client.post(address, form_of(client, address, **ADMIN_PAGES[page]))

    assert answer.status_code == 302, errors_of(answer)
    written = [repr(row) for table, rows in read_all().items() for row in rows if row not in before[table]]
    assert any("José" in row for row in written)
    assert [row for row in written if any(accent in row for accent in ACCENTS)] == []


def test_commands_store_composed_texts(tenant):
    command("create_company", "Socie\u0301te\u0301", "--admin", "rene\u0301")

    company = Company.objects.latest("pk")
    assert company.name == "Société"
    assert company.memberships.get().user.username == "rené"


def test_filters_and_search_take_both_forms(tenant):
    for name in ("Jose\u0301", "José"):
        given = {"firstname": name, "custom_fields": [{"name": "cafe\u0301", "value": name}]}
        mutate("createPeople", given, actor=tenant.actors.agent)
    assert set(Person.objects.values_list("firstname", flat=True)) == {"José"}

    def count(arguments, **variables):
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _value) in variables.items())
        text = f"query ({declared}) {{ peoples({arguments}) {{ paginatorInfo {{ total }} }} }}"
        values = {name: value for name, (_kind, value) in variables.items()}
        return data(text, actor=tenant.actors.viewer, variables=values)["peoples"]["paginatorInfo"]["total"]

    for name in ("Jose\u0301", "José"):
        for field in ("cafe\u0301", "café"):
            where = "QueryPeoplesWhereWhereConditions"
            has = "QueryPeoplesHasCustomFieldsWhereHasConditions"
            both = [{"column": "NAME", "value": field}, {"column": "VALUE", "value": name}]
            conditions = [
                {"column": "FIRSTNAME", "value": name},
                {"column": "FIRSTNAME", "operator": "IN", "value": [name]},
                {"column": "FIRSTNAME", "operator": "LIKE", "value": f"%{name}"},
                {"custom_field": field, "value": name},
                {"custom_field": field, "operator": "IN", "value": [name]},
                {"custom_field": field, "operator": "LIKE", "value": name.upper()},
            ]
            assert [count("where: $w", w=(where, each)) for each in conditions] == [2] * len(conditions)
            assert count("hasCustomFields: $h", h=(has, {"AND": both})) == 2
            assert count("search: $s", s=("String", name)) == 2
