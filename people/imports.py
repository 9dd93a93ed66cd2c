"""Imports of people: a row of a file becomes the input of a service."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.dates import read_date
from crm.importing.reading_ahead import read_named_ahead, read_own_ahead
from crm.importing.record_values import (
    MOMENTS,
    RECORD_COLUMNS,
    RecordValues,
    find_named,
    id_by_uuid,
    read_flag,
    without_source_of_links,
)
from crm.importing.row_values import (
    custom_field_column,
    custom_field_values,
    plain_tag_names,
    tag_names,
    tag_values,
)
from crm.models import DuplicatePolicy, ImportKind
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.records.row_import import MOST_REPEATED, Columns, Imported
from crm.services.tags import read_ahead as read_tags_ahead
from crm.services.versions import locked_records
from crm.texts import name_key
from people.import_columns import (
    ADDRESS,
    CONTACT,
    CONTACTS,
    NAMES,
    address_columns,
    base_column,
    contact_columns,
)
from people.models import ContactType, Organization, Person
from people.models.phones import parted
from people.services import importing, people
from people.services.addresses import ADDRESS_TEXTS
from people.services.contacts import ContactValues
from people.services.key_owners import MOST_OWNERS, note_owners, noting_absent, owners_of
from people.services.organizations import read_names_ahead
from people.services.reach import Reach
from people.services.unchanged import with_lists_of_people

#: Columns that are texts of the input as they are.
TEXTS = (*NAMES, "organization", "position", *EXTERNAL_ID_COLUMNS)
DATES = ("dob", "start_date", "end_date")
EMPLOYMENTS = ("employment_history", "peopleEmploymentHistory")


class PersonImport:
    """Stores a person for each row; the policy decides what happens to one that exists."""

    columns: ClassVar[Columns] = Columns(
        known=(
            *(*NAMES, "email", "dob", "phone", "cellphone", "organization", "tags"),
            *ADDRESS_TEXTS,
            *EXTERNAL_ID_COLUMNS,
            *("uuid", "position", "organization_uuid", "organization_external_id", "do_not_contact"),
            *RECORD_COLUMNS,
        ),
        required=[("firstname", "lastname", "email")],
        repeated=tuple(CONTACTS),
        families={
            f"{ADDRESS}2.city and so on": rf"address\.[2-{MOST_REPEATED}]\.({'|'.join(ADDRESS_TEXTS)})",
            f"{CONTACT}TYPE": r"contacts\..+",
        },
        dates=("dob",),
        moments=MOMENTS,
        names=NAMES,
    )
    kind: ClassVar[ImportKind] = ImportKind.PEOPLE

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.UPDATE,
        *,
        split_phones: bool = False,
    ) -> None:
        self._actor = actor
        self._policy = policy
        self._split_phones = split_phones
        self._record_values = RecordValues(actor)
        types = list(ContactType.objects.visible_to(actor).order_by("-pk"))
        self._types = {type_.kind: type_.pk for type_ in types if type_.company_id is None}
        self._types_by_name = {type_.name_key: type_.pk for type_ in types}

    def batch(
        self, contents: Sequence[Mapping[str, Any]], *, are_cells: bool
    ) -> AbstractContextManager[None]:
        reaches = []
        for content in contents:
            # A row that is refused is refused when it is stored.
            with suppress(ValidationError):
                values = self._reach_values(content) if are_cells else cast(people.PersonValues, content)
                reaches.append(Reach(values, self._actor))
        emails = {email for reach in reaches for email in reach.emails}
        phones = {phone for reach in reaches for phone in reach.phones}
        owners = owners_of(emails, phones, actor=self._actor)
        named = tag_names(contents) if are_cells else plain_tag_names(contents)
        read_tags_ahead(named, actor=self._actor)
        self._read_ahead(contents, owners)
        return noting_absent({*emails, *phones} - owners.keys())

    def _read_ahead(self, contents: Sequence[Mapping[str, Any]], owners: Mapping[str, set[int]]) -> None:
        joined = read_named_ahead("organization", Organization, contents, actor=self._actor)
        if self._policy == DuplicatePolicy.CREATE:
            return
        names = [content["organization"] for content in contents if content.get("organization")]
        joined |= {*read_names_ahead(names, actor=self._actor)}
        few = {key: keys for key, keys in owners.items() if len(keys) <= MOST_OWNERS}
        people = read_own_ahead(
            Person,
            contents,
            actor=self._actor,
            further=set[int]().union(*few.values()),
            with_lists=with_lists_of_people,
        )
        note_owners(few, people)
        joined -= {organization.pk for person in people for organization in person.organizations.all()}
        if joined:
            # Whatever locks records of several kinds locks people before organizations.
            locked_records(Person, [person.pk for person in people])
            locked_records(Organization, [*joined])

    def store(self, cells: Mapping[str, str], *, known: int | None = None) -> Imported:
        return self._store(self._values(cells), known)

    def store_values(self, values: Mapping[str, Any], *, known: int | None = None) -> Imported:
        """Store a person given as the input of the API, its dates as text."""
        read = with_dates(values)
        if self._split_phones and read.get("contacts"):
            read["contacts"] = self._split(read["contacts"] or [])
        return self._store(read, known)

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

    def _store(self, values: people.PersonValues, known: int | None) -> Imported:
        return importing.import_person(values, policy=self._policy, actor=self._actor, known=known)

    def match(self, values: Mapping[str, Any]) -> tuple[Person, str] | None:
        return importing.match_person(cast(people.PersonValues, values), actor=self._actor)

    def restore(
        self, key: int, columns: Mapping[str, Any], lists: Mapping[str, Any], *, expected_version: int | None
    ) -> int:
        return importing.restore_person(
            key, columns, lists, actor=self._actor, expected_version=expected_version
        )

    def unlink(self, keys: Mapping[str, int]) -> None:
        """Do nothing: a person's own links are restored with its lists."""

    def remove(self, key: int, *, expected_version: int | None) -> None:
        people.delete_person(key, actor=self._actor, expected_version=expected_version)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        list_name, _, rest = path.partition(".")
        index, _, field = rest.partition(".")
        # A column that this importer refused itself.
        if not rest or path in cells:
            return path if path in cells else list_name
        if list_name == "contacts":
            return self._contact_cells(cells)[int(index)][0]
        if list_name == "address":
            return self._addresses(cells)[int(index)][0] + field
        if list_name == "custom_fields":
            return custom_field_column(path, cells)
        return list_name

    def _values(self, cells: Mapping[str, str]) -> people.PersonValues:
        own = without_source_of_links(cells)
        values: dict[str, Any] = {name: own[name] for name in TEXTS if name in own}
        values |= cast(dict[str, Any], self._reach_values(cells))
        values["address"] = [address for _, address in self._addresses(cells)]
        values["custom_fields"] = custom_field_values(cells)
        values["tags"] = tag_values(cells)
        if "dob" in cells:
            values["dob"] = _date(cells["dob"].strip())
        values |= self._record_values.read(cells)
        organization = find_named("organization", Organization, cells, self._actor, otherwise="organization")
        if organization is not None:
            # Several organizations may have the name.
            values.pop("organization", None)
            values["organizations_id"] = [organization.pk]
            values["position_at"] = organization if "position" in cells else None
        values["id"] = id_by_uuid(Person, cells, self._policy, self._actor)
        # The service would query for each empty list, to the same end.
        given = {key: value for key, value in values.items() if value}
        if "do_not_contact" in cells:
            given["do_not_contact"] = read_flag("do_not_contact", cells["do_not_contact"])
        return cast(people.PersonValues, given)

    def _reach_values(self, cells: Mapping[str, str]) -> people.PersonValues:
        """Return the e-mail address and the contacts of a row, which are read without any statement."""
        values: people.PersonValues = {
            "contacts": [
                {"contacts_types_id": self._type_of(column), "value": value}
                for column, value in self._contact_cells(cells)
            ]
        }
        if "email" in cells:
            values["email"] = cells["email"].strip()
        return values

    def _contact_cells(self, cells: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the column and the text of each contact of a row, without the primary e-mail."""
        found: list[tuple[str, str]] = []
        taken = {cells.get("email", "").strip().casefold()}
        for column, base in contact_columns(tuple(cells)):
            text = cells[column]
            values = parted(text) if self._split_phones and base in ("phone", "cellphone") else [text]
            for value in values:
                # An e-mail address that a file repeats is one contact.
                if base == "email" and value.strip().casefold() in taken:
                    continue
                taken.add(value.strip().casefold())
                found.append((column, value))
        return found

    def _type_of(self, column: str) -> int:
        if not column.startswith(CONTACT):
            return self._types[CONTACTS[base_column(column)]]
        name = column.removeprefix(CONTACT)
        names = (name_key(name), name_key(base_column(name)))
        type_ = next((self._types_by_name[key] for key in names if key in self._types_by_name), None)
        if type_ is None:
            raise ValidationError({column: ["No contact type has this name: make it first."]})
        return type_

    def _addresses(self, cells: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
        """Return the addresses of a row, each with what its columns begin with."""
        return [
            (prefix, {name: cells[prefix + name] for name in names})
            for prefix, names in address_columns(tuple(cells))
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
