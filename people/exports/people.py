"""The export of people, in the columns of their import."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Max, QuerySet

from crm.actors import Actor
from crm.database.key_lists import AmongKeys
from crm.exporting.sources import Cells, ExportSource, tags_of
from crm.exporting.sql_cells import JoinedCells, compiled, tag_cells
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.records.row_import import MOST_REPEATED
from people.exports.common import COMMON
from people.exports.person_cells import address_cells, contact_cells, organization_cells
from people.import_columns import ADDRESS, CONTACT, CONTACTS, NAMES
from people.models import Address, Contact, ContactType, Employment, Person
from people.services.addresses import ADDRESS_TEXTS

ORGANIZATION_COLUMNS = ("organization", "organization_uuid", "position")


class PersonExport(ExportSource):
    name = "PEOPLE"
    model = Person
    plain: ClassVar[Mapping[str, str]] = {
        **{name: name for name in ("uuid", *NAMES, "email", "dob", "do_not_contact")},
        **COMMON,
    }
    order: ClassVar[Sequence[str]] = (
        *("uuid", *NAMES, "email", "phone", "cellphone", "dob", *ORGANIZATION_COLUMNS),
        *("do_not_contact", "owner", "tags", *ADDRESS_TEXTS, *EXTERNAL_ID_COLUMNS, "created_at"),
    )

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        types = list(ContactType.objects.visible_to(actor).order_by("pk"))
        shared = {type_.kind: type_.pk for type_ in types if type_.company_id is None}
        by_base = {shared[kind]: base for base, kind in CONTACTS.items() if kind in shared}
        #: The column of the contacts of each type.
        self._columns = {type_.pk: by_base.get(type_.pk, CONTACT + type_.name) for type_ in types}

        self._emails = [key for key, column in self._columns.items() if column == "email"]
        #: The largest numbers of contacts of a type and of addresses of a person.
        self._most_of_type = self._most_addresses = 0

    def accepts(self, name: str) -> bool:
        from people.imports import PersonImport

        return super().accepts(name) or PersonImport.columns.accepts(name)

    def expanded(self, rows: QuerySet[Any]) -> list[str]:
        most = self._most_contacts(rows)
        names: list[str] = []
        for name in self.order:
            if name == "address":
                names += self._address_columns(rows)
            elif name in CONTACTS:
                # The primary e-mail address is one of the contacts, and a column of its own.
                number = max(1, most.pop(name, 0))
                names += [_numbered(name, each) for each in range(1, number + 1)]
                if name == "cellphone":
                    names += [
                        _numbered(column, each)
                        for column in self._columns.values()
                        for each in range(1, most.pop(column, 0) + 1)
                    ]
            elif name not in ADDRESS_TEXTS:
                names.append(name)
        return names

    def _of_people(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the condition that something belongs to one of the rows."""
        keys = self.keys_of(rows)
        # Of all that the actor sees, nothing but the people themselves has to be read for it.
        return {"person__deleted_at": None} if keys is None else {"person__in": keys}

    def _most_contacts(self, rows: QuerySet[Any]) -> dict[str, int]:
        """Return how many contacts of each column a person has at most, besides the primary e-mail."""
        contacts = Contact.objects.visible_to(self.actor).exclude(
            type_id__in=self._emails, canonical=F("person__email_canonical")
        )
        contacts = contacts.filter(**self._of_people(rows)).order_by()
        numbers = contacts.values("type_id", "person_id").annotate(number=Count("pk"))
        text, parameters = compiled(numbers.values("type_id", "number"))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT type_id, max(number) FROM ({text}) AS numbers GROUP BY type_id",  # noqa: S608 - compiled
                parameters,
            )
            found = dict(cursor.fetchall())
        self._most_of_type = max(found.values(), default=0)
        most: dict[str, int] = {}
        for type_id, column in self._columns.items():
            # The first e-mail column is that of the primary one.
            most[column] = self._bounded(found.get(type_id, 0) + (column == "email"), column)
        return most

    def _address_columns(self, rows: QuerySet[Any]) -> list[str]:
        addresses = Address.objects.visible_to(self.actor).filter(**self._of_people(rows))
        numbers = addresses.values("person_id").annotate(number=Count("pk"))
        self._most_addresses = numbers.aggregate(most=Max("number"))["most"] or 0
        number = self._bounded(self._most_addresses, "address")
        return [_of_address(each) + name for each in range(1, max(number, 1) + 1) for name in ADDRESS_TEXTS]

    def _bounded(self, number: int, column: str) -> int:
        if number > MOST_REPEATED:
            self.notes.append(
                f"{column}: a record has {number}; a file holds {MOST_REPEATED}, the others are left out."
            )
        return min(number, MOST_REPEATED)

    def joined(self, keys: QuerySet[Any, Any] | None, wanted: Sequence[str]) -> Sequence[JoinedCells] | None:
        numbers = range(1, MOST_REPEATED + 1)
        columns = list(dict.fromkeys(self._columns.values()))
        contacts = {_numbered(column, each): (column, each) for column in columns for each in numbers}
        if len(contacts) < len(columns) * len(numbers):
            # A type is named as the second contact of another one.
            return None
        addresses = {_of_address(each) + name: (name, each) for name in ADDRESS_TEXTS for each in numbers}
        parts: list[JoinedCells] = []
        places = {name: contacts[name] for name in wanted if name in contacts}
        if places:
            is_single = self._most_of_type < 2
            parts.append(contact_cells(keys, self._columns, places, self.actor, is_single=is_single))
        places = {name: addresses[name] for name in wanted if name in addresses}
        if places:
            is_single = self._most_addresses < 2
            parts.append(address_cells(keys, places, self.actor, is_single=is_single))
        if any(name in wanted for name in ORGANIZATION_COLUMNS):
            parts.append(organization_cells(keys, wanted, self.actor))
        if "tags" in wanted:
            parts.append(tag_cells(Person, keys, self.actor))
        return parts

    def read_related(self, keys: Sequence[int], wanted: Sequence[str]) -> Mapping[int, Cells]:
        cells: dict[int, Cells] = defaultdict(dict)
        if any(name in wanted for name in ORGANIZATION_COLUMNS):
            self._read_organizations(keys, cells)
        if "tags" in wanted:
            for key, tags in tags_of(Person, keys, actor=self.actor).items():
                cells[key]["tags"] = tags
        if any(name.startswith(ADDRESS) or name in ADDRESS_TEXTS for name in wanted):
            self._read_addresses(keys, cells)
        if any(name.startswith(CONTACT) or name.split("_")[0] in CONTACTS for name in wanted):
            self._read_contacts(keys, cells)
        return cells

    def _read_contacts(self, keys: Sequence[int], cells: dict[int, Cells]) -> None:
        found = (
            Contact.objects.visible_to(self.actor)
            .filter(AmongKeys("person_id", keys))
            .order_by("person_id", "weight", "pk")
        )
        read = found.values_list("person_id", "type_id", "value", "canonical", "person__email_canonical")
        for key, type_id, value, canonical, primary in read.iterator():
            column = self._columns.get(type_id)
            if column is None or (column == "email" and canonical is not None and canonical == primary):
                continue
            _put(cells[key], column, value, first=2 if column == "email" else 1)

    def _read_addresses(self, keys: Sequence[int], cells: dict[int, Cells]) -> None:
        found = (
            Address.objects.visible_to(self.actor)
            .filter(AmongKeys("person_id", keys))
            .order_by("person_id", "-is_default", "pk")
        )
        numbers: dict[int, int] = defaultdict(int)
        for key, *texts in found.values_list("person_id", *ADDRESS_TEXTS):
            numbers[key] += 1
            prefix = _of_address(numbers[key])
            cells[key] |= {prefix + name: text for name, text in zip(ADDRESS_TEXTS, texts, strict=True)}

    def _read_organizations(self, keys: Sequence[int], cells: dict[int, Cells]) -> None:
        """Read of each person the organization of the present position, else the first one."""
        people = Person.objects.visible_to(self.actor).filter(AmongKeys("pk", keys))
        members = people.filter(organizations__isnull=False, organizations__deleted_at=None)
        belongs: dict[int, dict[int, tuple[str, UUID]]] = defaultdict(dict)
        columns = ("pk", "organizations__pk", "organizations__name", "organizations__uuid")
        for key, organization, name, uuid in members.order_by("-organizations__pk").values_list(*columns):
            belongs[key][organization] = (name, uuid)
            cells[key] |= {"organization": name, "organization_uuid": uuid}
        positions = (
            Employment.objects.visible_to(self.actor)
            .filter(person_id__in=keys, status=Employment.CURRENT)
            .order_by("pk")
        )
        for key, organization, title in positions.values_list("person_id", "organization_id", "position"):
            if organization in belongs[key]:
                name, uuid = belongs[key][organization]
                cells[key] |= {"organization": name, "organization_uuid": uuid, "position": title}
            elif organization is None and not belongs[key]:
                cells[key]["position"] = title


def _put(cells: Cells, column: str, value: str, *, first: int) -> None:
    number = first
    while _numbered(column, number) in cells:
        number += 1
    cells[_numbered(column, number)] = value


def _numbered(column: str, number: int) -> str:
    return column if number == 1 else f"{column}_{number}"


def _of_address(number: int) -> str:
    return "" if number == 1 else f"{ADDRESS}{number}."
