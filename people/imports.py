"""One row of a file to one person."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.importing.mapping import Columns, custom_field_column, custom_field_values, tag_values
from people.models import ContactKind, ContactType
from people.services import people
from people.services.contacts import ADDRESS_TEXTS

NAMES = ("firstname", "middlename", "lastname")
CONTACTS = {"phone": ContactKind.PHONE, "cellphone": ContactKind.CELLPHONE}
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class PersonImport:
    """Makes a person of each row, whoever else is like them."""

    columns: ClassVar[Columns] = Columns(
        known=(*NAMES, "email", "dob", *CONTACTS, "organization", "tags", *ADDRESS_TEXTS),
        required=[("firstname", "lastname", "email")],
    )

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._types = {
            type_.kind: type_.pk
            for type_ in ContactType.objects.visible_to(actor).filter(company=None).order_by("-pk")
        }

    def store(self, cells: Mapping[str, str]) -> None:
        """Make the person.

        :raises ValidationError: if a cell or the whole breaks a rule.
        """
        people.create_person(self._values(cells), actor=self._actor)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        """Give the column that a path of ``PersonValues`` came from."""
        list_name, _, rest = path.partition(".")
        index, _, field = rest.partition(".")
        if list_name == "contacts":
            return _contact_columns(cells)[int(index)]
        if list_name == "address":
            return field
        if list_name == "name":
            # Of the organization, which is made on the way.
            return "organization"
        if list_name == "custom_fields":
            return custom_field_column(path, cells)
        return list_name

    def _values(self, cells: Mapping[str, str]) -> people.PersonValues:
        values: dict[str, Any] = {name: cells[name] for name in (*NAMES, "organization") if name in cells}
        values["contacts"] = [
            {"contacts_types_id": self._types[CONTACTS[column]], "value": cells[column]}
            for column in _contact_columns(cells)
        ]
        address = {name: cells[name] for name in ADDRESS_TEXTS if name in cells}
        values["address"] = [address] if address else []
        values["custom_fields"] = custom_field_values(cells)
        values["tags"] = tag_values(cells)
        if "email" in cells:
            values["email"] = cells["email"].strip()
        if "dob" in cells:
            values["dob"] = _date(cells["dob"].strip())
        # An empty list is work for the service, and says no more than none.
        return cast(people.PersonValues, {key: value for key, value in values.items() if value})


def _contact_columns(cells: Mapping[str, str]) -> list[str]:
    return [column for column in CONTACTS if column in cells]


def _date(text: str) -> date:
    try:
        if ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValidationError({"dob": ["Enter a date as YYYY-MM-DD."]})
