"""Reads the columns that records of every kind have: owner, times, notes and yes or no."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.keys import parse_uuid
from crm.database.read_once import once
from crm.database.rows_ahead import kept_row
from crm.dates import zone_named
from crm.importing.names import Members
from crm.models import Company, DuplicatePolicy
from crm.models.base import visible_rows
from crm.models.lifecycle import LiveModel
from crm.models.records import Record
from crm.services import external_ids
from crm.texts import name_key

Found = TypeVar("Found", bound=Record)
Row = TypeVar("Row", bound=LiveModel)
#: The source of external ids in a file that is from no known product.
NO_PRODUCT = "import"

#: Columns of every kind of record that are no fields of an input of the API.
RECORD_COLUMNS = ("owner", "note", "note_at", "created_at")
#: Those of them that hold a moment.
MOMENTS = ("note_at", "created_at")
YES = frozenset({"true", "yes", "y", "1", "x", "ja", "oui", "si", "sí", "unsubscribed"})
NO = frozenset({"false", "no", "n", "0", "nein", "non", "subscribed"})
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
#: Of what is planned.
LATEST = datetime(2199, 12, 31, tzinfo=UTC)


class RecordValues:
    """Reads cells for one import; what it needs of the company is read once, when a row first needs it."""

    def __init__(self, actor: Actor, *, owner: str = "owner_id") -> None:
        self._actor = actor
        self._owner = owner
        self._members: Members | None = None
        self._company: Company | None = None

    def read(self, cells: Mapping[str, str], *, moments: Iterable[str] = MOMENTS) -> dict[str, Any]:
        """Return the values of the columns that a row has of ``RECORD_COLUMNS``.

        :raises ValidationError: keyed by column.
        """
        values: dict[str, Any] = {}
        if "owner" in cells:
            self._members = self._members or Members(self._actor)
            values[self._owner] = self._members.find(cells["owner"])
        for name in moments:
            if name in cells:
                values[name] = self.moment(name, cells[name])
        if "note" in cells:
            values["note"] = cells["note"]
        return values

    def moment(self, name: str, text: str, *, may_be_to_come: bool = False) -> datetime:
        """Return the moment of a cell, in the time zone of the company if it names none.

        :raises ValidationError: keyed by column.
        """
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError as refused:
            said = "Enter a time as 2026-12-31 or 2026-12-31 13:45, in the time zone of the company."
            raise ValidationError({name: [said]}) from refused
        if moment.tzinfo is None:
            self._company = self._company or Company.objects.get(pk=self._actor.company_id)
            moment = moment.replace(tzinfo=zone_named(self._company.timezone))
        if not EARLIEST <= moment <= (LATEST if may_be_to_come else datetime.now(UTC)):
            said = (
                "Enter a time between 1970 and 2199."
                if may_be_to_come
                else "Enter a time between 1970 and now."
            )
            raise ValidationError({name: [said]})
        return moment.astimezone(UTC)


def without_source_of_links(cells: Mapping[str, str]) -> Mapping[str, str]:
    """Return the cells of a row without the source of ids, if those are of other records alone."""
    is_of_links = "external_id" not in cells and any(name.endswith("_external_id") for name in cells)
    return {name: text for name, text in cells.items() if name != "external_source"} if is_of_links else cells


def source_of_links(cells: Mapping[str, str], name: str) -> str:
    """Return the product that the ids of other records in a row are from."""
    return cells.get(f"{name}_external_source") or cells.get("external_source") or NO_PRODUCT


def find_by_external_id(name: str, model: type[Found], cells: Mapping[str, str], actor: Actor) -> Found:
    """Return the record that the column ``NAME_external_id`` of a row names, by the source of the row.

    :raises ValidationError: keyed by column, if there is none.
    """
    column = f"{name}_external_id"
    source = source_of_links(cells, name)
    found = external_ids.find(model, {"external_id": cells[column], "external_source": source}, actor=actor)
    if found is None:
        said = f"No {name} has this external id of {name_key(source)}: import the {name}s first."
        raise ValidationError({column: [said.replace("persons", "people")]})
    return found


def find_by_uuid(column: str, model: type[Row], cells: Mapping[str, str], actor: Actor) -> Row | None:
    """Return the visible row whose uuid a cell holds; None if this company has none of it.

    :raises ValidationError: keyed by column, if the cell holds no uuid.
    """
    uuid = parse_uuid(cells[column].strip())
    if uuid is None:
        raise ValidationError({column: ["Enter a uuid, as an export has it."]})
    known = uuids_ahead(model)
    if uuid in known and known[uuid] is None:
        return None
    found = kept_row(model, known.get(uuid))
    if found is None:
        found = visible_rows(model, actor).filter(uuid=uuid).first()
    return found


def uuids_ahead(model: type[LiveModel]) -> dict[UUID, int | None]:
    """Return what uuids mean that were looked for in a batch, None for no visible record."""
    return once(("uuids", model), dict)


def id_by_uuid(
    model: type[Record], cells: Mapping[str, str], policy: DuplicatePolicy, actor: Actor
) -> int | None:
    """Return the id of the record of this company that a row means by its uuid."""
    if "uuid" not in cells or policy == DuplicatePolicy.CREATE:
        return None
    found = find_by_uuid("uuid", model, cells, actor)
    return None if found is None else found.pk


def find_named(
    name: str, model: type[Found], cells: Mapping[str, str], actor: Actor, *, otherwise: str
) -> Found | None:
    """Return the record that ``NAME_uuid`` or ``NAME_external_id`` of a row names.

    :param otherwise: the column that names it too, where another installation has another uuid.
    :return: None if neither column is given, or if that column decides.
    :raises ValidationError: keyed by column, if there is none.
    """
    column = f"{name}_uuid"
    found = find_by_uuid(column, model, cells, actor) if column in cells else None
    if found is None and f"{name}_external_id" in cells:
        return find_by_external_id(name, model, cells, actor)
    if found is None and column in cells and otherwise not in cells:
        raise ValidationError({column: [f"No {name} has this uuid."]})
    return found


def read_flag(name: str, text: str) -> bool:
    """Return whether a cell says yes.

    :raises ValidationError: keyed by column, if it says neither yes nor no.
    """
    word = text.strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValidationError({name: ["Enter yes or no."]})
