"""The cells of what belongs to a person, as queries of PostgreSQL; ``read_related`` reads them in Python."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    Min,
    OuterRef,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from crm.actors import Actor
from crm.database.statements import CompiledSql
from crm.exporting.sql_cells import JoinedCells, compiled, of_rows
from people.models import Address, Contact, Employment, Organization

#: Those of the rows of the export; None if they are all that the actor sees.
Keys = QuerySet[Any, Any] | None
#: By heading, the column that a cell is one of, and its number among those of a person.
Places = Mapping[str, tuple[str, int]]


def contact_cells(
    keys: Keys,
    columns: Mapping[int, str],
    places: Places,
    actor: Actor,
    *,
    is_single: bool,
) -> JoinedCells:
    """Return the contacts of people by weight.

    :param columns: the column of the contacts of each type.
    :param is_single: whether nobody has two contacts of a type, and they need not be put in order.
    """
    names = list(dict.fromkeys(columns.values()))
    emails = [key for key, column in columns.items() if column == "email"]
    wanted = {column for column, _ in places.values()}
    contacts = Contact.objects.visible_to(actor).filter(
        **of_rows("person", keys),
        type_id__in=[key for key, column in columns.items() if column in wanted],
    )
    if "email" in wanted:
        # The primary one is a column of the person.
        contacts = contacts.exclude(type_id__in=emails, canonical=F("person__email_canonical"))
    cases = [When(type_id=key, then=Value(names.index(column))) for key, column in columns.items()]
    kinds: QuerySet[Any, Any] = contacts.annotate(kind=Case(*cases, output_field=IntegerField()))
    # Two types of one name have one column.
    is_single = is_single and len(names) == len(columns)
    if not is_single:
        number = Window(RowNumber(), partition_by=[F("person_id"), F("kind")], order_by=["weight", "pk"])
        kinds = kinds.annotate(number=number)
    query = kinds.order_by().values("person_id", "value", "kind", *([] if is_single else ["number"]))
    conditions = {}
    for heading, (column, number_of_column) in places.items():
        # That of the e-mail column begins with the second, after the primary address.
        place = number_of_column - (1 if column == "email" else 0)
        conditions[heading] = ("value", f"kind = {names.index(column)}", place)
    return _numbered_cells(compiled(query), conditions, is_single=is_single)


def address_cells(keys: Keys, places: Places, actor: Actor, *, is_single: bool) -> JoinedCells:
    """Return the addresses of people, the default one first."""
    addresses: QuerySet[Any, Any] = Address.objects.visible_to(actor).filter(**of_rows("person", keys))
    if not is_single:
        order = [F("is_default").desc(), F("pk").asc()]
        addresses = addresses.annotate(
            number=Window(RowNumber(), partition_by=[F("person_id")], order_by=order)
        )
    names = sorted({name for name, _ in places.values()})
    query = addresses.order_by().values("person_id", *names, *([] if is_single else ["number"]))
    conditions = {heading: (name, "true", number) for heading, (name, number) in places.items()}
    return _numbered_cells(compiled(query), conditions, is_single=is_single)


def _numbered_cells(
    query: CompiledSql, places: Mapping[str, tuple[str, str, int]], *, is_single: bool
) -> JoinedCells:
    """Return one row for each person from a query with a row for each thing that belongs to one.

    :param places: by heading: the column, the condition, and the number among those of the condition.
    """
    columns = {heading: f"cell_{number}" for number, heading in enumerate(places)}
    cells = []
    for heading, (column, condition, number) in places.items():
        if is_single:
            chosen = condition if number == 1 else "false"
        else:
            chosen = f"{condition} AND number = {number}"
        cells.append(f"min({column}) FILTER (WHERE {chosen}) AS {columns[heading]}")
    text, parameters = query
    listed = ", ".join(["person_id AS row_key", *cells])
    grouped = f"SELECT {listed} FROM ({text}) AS owned GROUP BY person_id"  # noqa: S608 - compiled parts
    return JoinedCells(query=(grouped, parameters), columns=columns)


def organization_cells(keys: Keys, wanted: Sequence[str], actor: Actor) -> JoinedCells:
    """Return of each person the organization of the present position, else the first one."""
    live = Organization.objects.visible_to(actor).order_by()
    first = live.filter(**of_rows("people", keys)).values("people").annotate(first=Min("pk"))
    current = Employment.objects.visible_to(actor).filter(
        status=Employment.CURRENT, **of_rows("person", keys)
    )
    own = current.filter(organization__deleted_at=None, person__organizations=F("organization"))
    latest = ("person_id", "-pk")
    own = own.order_by(*latest).distinct("person_id")
    # One without an organization counts for those who belong to none.
    free = current.filter(~Exists(live.filter(people=OuterRef("person"))), organization=None)
    free = free.order_by(*latest).distinct("person_id")
    parts = [
        compiled(first.values("people", "first")),
        compiled(own.values("person_id", "organization_id", "position")),
        compiled(live.values("pk", "name", "uuid")),
        compiled(free.values("person_id", "position")),
    ]
    text = """
        SELECT members.row_key, named.name AS organization, named.uuid::text AS organization_uuid,
            own.position
        FROM ({0}) AS members (row_key, first)
        LEFT JOIN ({1}) AS own (row_key, organization_id, position) ON own.row_key = members.row_key
        LEFT JOIN ({2}) AS named (id, name, uuid)
            ON named.id = COALESCE(own.organization_id, members.first)
        UNION ALL
        SELECT free.row_key, NULL, NULL, free.position FROM ({3}) AS free (row_key, position)"""
    parameters = tuple(value for _, values in parts for value in values)
    names = ("organization", "organization_uuid", "position")
    return JoinedCells(
        query=(text.format(*(each for each, _ in parts)), parameters),
        columns={name: name for name in names if name in wanted},
    )
