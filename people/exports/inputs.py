"""The input of the API of a person, as a row of a file that imports take."""

from collections.abc import Mapping
from typing import Any

from crm.actors import Actor
from crm.custom_field_values import written
from crm.database.keys import parse_id
from crm.exporting.safety import import_safe
from crm.importing.row_values import joined_tags
from crm.models.base import keyed
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.records.row_import import CUSTOM_FIELD, MOST_REPEATED
from people.import_columns import ADDRESS, CONTACT, CONTACTS, NAMES
from people.models import ContactKind, ContactType, Organization, Person


def row_of_input(values: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Return the input of a person as a row of JSON Lines, which ``import_people`` takes.

    What no column takes keeps its key, so that the import names it instead of losing it.
    """
    rest = {name: value for name, value in values.items() if value not in (None, "", [])}
    row: dict[str, Any] = {}
    for name in (*NAMES, "email", "organization", *EXTERNAL_ID_COLUMNS):
        if isinstance(rest.get(name), str):
            row[name] = import_safe(rest.pop(name))
    _name_records(rest, row, actor)
    row |= _contact_cells(rest, actor)
    for number, address in enumerate(rest.pop("address", []), 1):
        prefix = "" if number == 1 else f"{ADDRESS}{number}."
        row |= {
            f"{prefix}{name}": import_safe(text) if isinstance(text, str) else text
            for name, text in address.items()
            if text is not None
        }
    if "tags" in rest:
        row["tags"] = import_safe(joined_tags(tag["name"] for tag in rest.pop("tags")))
    for item in rest.pop("custom_fields", []):
        value = item.get("value", item.get("data"))
        row[f"{CUSTOM_FIELD}{item['name']}"] = None if value is None else import_safe(written(value))
    return {**row, **rest}


def _name_records(rest: dict[str, Any], row: dict[str, Any], actor: Actor) -> None:
    """Name the person and its organization by their uuids, and take their ids out of the input."""
    person = keyed(Person.objects.visible_to(actor), rest.get("id")).first()
    if person is not None:
        row["uuid"] = str(person.uuid)
        del rest["id"]
    keys = rest.get("organizations_id", [])
    organizations = Organization.objects.visible_to(actor)
    organization = keyed(organizations, keys[0]).first() if len(keys) == 1 else None
    if organization is not None:
        row["organization_uuid"] = str(organization.uuid)
        del rest["organizations_id"]


def _contact_cells(rest: dict[str, Any], actor: Actor) -> dict[str, str]:
    """Return the cells of contacts, and take those contacts out of the input."""
    columns = {kind: name for name, kind in CONTACTS.items()}
    types = {type_.pk: type_ for type_ in ContactType.objects.visible_to(actor)}
    cells: dict[str, str] = {}
    left = []
    for contact in rest.pop("contacts", []):
        type_ = types.get(parse_id(contact.get("contacts_types_id")) or 0)
        column = next(
            (name for name in (_columns_of(type_, columns) if type_ else ()) if name not in cells), None
        )
        if column is None or not contact.get("value"):
            left.append(contact)
        else:
            cells[column] = import_safe(contact["value"])
    if left:
        rest["contacts"] = left
    return cells


def _columns_of(type_: ContactType, columns: Mapping[ContactKind, str]) -> list[str]:
    """Return the columns that contacts of a type may have."""
    shared = columns.get(ContactKind(type_.kind)) if type_.company_id is None else None
    base = shared or f"{CONTACT}{type_.name}"
    further = [f"{base}_{number}" for number in range(2, MOST_REPEATED + 1)]
    # The first e-mail address is that of the person, and no contact.
    return further if base == "email" else [base, *further]
