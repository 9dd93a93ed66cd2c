"""Imports of people and organizations: a row of a file becomes the input of a service."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.dates import read_date
from crm.importing.mapping import custom_field_column, custom_field_values, tag_values
from crm.models import DuplicatePolicy
from crm.records.row_import import Columns, Outcome
from people.models import ORGANIZATION_TEXTS, ContactKind, ContactType
from people.models.phones import parted
from people.services import importing, organizations, people
from people.services.contacts import ADDRESS_TEXTS, ContactValues

NAMES = ("firstname", "middlename", "lastname")
CONTACTS = {"phone": ContactKind.PHONE, "cellphone": ContactKind.CELLPHONE}
DATES = ("dob", "start_date", "end_date")
EMPLOYMENTS = ("employment_history", "peopleEmploymentHistory")


class PersonImport:
    """Stores a person for each row; the policy decides what happens to one that exists."""

    columns: ClassVar[Columns] = Columns(
        known=(*NAMES, "email", "dob", *CONTACTS, "organization", "tags", *ADDRESS_TEXTS),
        required=[("firstname", "lastname", "email")],
    )

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.CREATE,
        *,
        split_phones: bool = False,
    ) -> None:
        self._actor = actor
        self._policy = policy
        self._split_phones = split_phones
        self._types = {
            type_.kind: type_.pk
            for type_ in ContactType.objects.visible_to(actor).filter(company=None).order_by("-pk")
        }

    def store(self, cells: Mapping[str, str]) -> Outcome:
        return self._store(self._values(cells))

    def store_values(self, values: Mapping[str, Any]) -> Outcome:
        """Store a person given as the input of the API, its dates as text."""
        read = with_dates(values)
        if self._split_phones and read.get("contacts"):
            read["contacts"] = self._split(read["contacts"] or [])
        return self._store(read)

    def _split(self, contacts: Sequence[ContactValues]) -> list[ContactValues]:
        """Return contacts in which each phone number of a text is a contact of its own."""
        kinds = {type_.pk: type_ for type_ in ContactType.objects.visible_to(self._actor)}
        split: list[ContactValues] = []
        for contact in contacts:
            type_ = kinds.get(parse_id(contact.get("contacts_types_id")) or 0)
            numbers = parted(contact.get("value") or "") if type_ is not None and type_.is_phone else []
            if len(numbers) < 2:
                split.append(contact)
                continue
            split.append({**contact, "value": numbers[0]})
            # A stored contact keeps its id; the further ones are new.
            further: ContactValues = {"contacts_types_id": contact.get("contacts_types_id")}
            split += [{**further, "value": number} for number in numbers[1:]]
        return split

    def _store(self, values: people.PersonValues) -> Outcome:
        return importing.import_person(values, policy=self._policy, actor=self._actor)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        list_name, _, rest = path.partition(".")
        index, _, field = rest.partition(".")
        if not rest:
            return list_name
        if list_name == "contacts":
            return self._contact_cells(cells)[int(index)][0]
        if list_name == "address":
            return field
        if list_name == "custom_fields":
            return custom_field_column(path, cells)
        return list_name

    def _values(self, cells: Mapping[str, str]) -> people.PersonValues:
        values: dict[str, Any] = {name: cells[name] for name in (*NAMES, "organization") if name in cells}
        values["contacts"] = [
            {"contacts_types_id": self._types[CONTACTS[column]], "value": value}
            for column, value in self._contact_cells(cells)
        ]
        address = {name: cells[name] for name in ADDRESS_TEXTS if name in cells}
        values["address"] = [address] if address else []
        values["custom_fields"] = custom_field_values(cells)
        values["tags"] = tag_values(cells)
        if "email" in cells:
            values["email"] = cells["email"].strip()
        if "dob" in cells:
            values["dob"] = _date(cells["dob"].strip())
        # The service would query for each empty list, to the same end.
        return cast(people.PersonValues, {key: value for key, value in values.items() if value})

    def _contact_cells(self, cells: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the column and the text of each contact of a row."""
        return [
            (column, value)
            for column in CONTACTS
            if column in cells
            for value in (parted(cells[column]) if self._split_phones else [cells[column]])
        ]


def with_dates(values: Mapping[str, Any]) -> people.PersonValues:
    read: dict[str, Any] = {
        name: date.fromisoformat(value) if name in DATES and value is not None else value
        for name, value in values.items()
    }
    for name in EMPLOYMENTS:
        if read.get(name):
            read[name] = [with_dates(item) for item in read[name]]
    return cast(people.PersonValues, read)


def _date(text: str) -> date:
    try:
        return read_date(text)
    except ValueError as refused:
        raise ValidationError({"dob": ["Enter a date as YYYY-MM-DD."]}) from refused


class OrganizationImport:
    """Stores an organization for each row; one that exists is found by its name."""

    columns: ClassVar[Columns] = Columns(known=(*ORGANIZATION_TEXTS, "tags"), required=[("name",)])

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.CREATE,
        *,
        split_phones: bool = False,  # An organization has no phone number.
    ) -> None:
        self._actor = actor
        self._policy = policy

    def store(self, cells: Mapping[str, str]) -> Outcome:
        values: dict[str, Any] = {name: cells[name] for name in ORGANIZATION_TEXTS if name in cells}
        values |= {"custom_fields": custom_field_values(cells), "tags": tag_values(cells)}
        return self.store_values({key: value for key, value in values.items() if value})

    def store_values(self, values: Mapping[str, Any]) -> Outcome:
        given = cast(organizations.OrganizationValues, values)
        return importing.import_organization(given, policy=self._policy, actor=self._actor)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        name = path.partition(".")[0]
        return custom_field_column(path, cells) if name == "custom_fields" else name
