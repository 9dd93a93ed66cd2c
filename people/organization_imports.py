"""Imports of organizations: a row of a file becomes the input of a service."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, cast

from crm.actors import Actor
from crm.importing.reading_ahead import read_own_ahead
from crm.importing.record_values import MOMENTS, RECORD_COLUMNS, RecordValues, id_by_uuid
from crm.importing.row_values import custom_field_column, custom_field_values, tag_names, tag_values
from crm.models import DuplicatePolicy, ImportKind
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.records.row_import import Columns, Imported
from crm.services.tags import read_ahead as read_tags_ahead
from people.models import ORGANIZATION_TEXTS, Organization
from people.services import importing, organizations
from people.services.unchanged import with_lists_of_organizations


class OrganizationImport:
    """Stores an organization for each row; one that exists is found by its ids, else by its name."""

    columns: ClassVar[Columns] = Columns(
        known=("uuid", *ORGANIZATION_TEXTS, "tags", *EXTERNAL_ID_COLUMNS, *RECORD_COLUMNS),
        required=[("name",)],
        moments=MOMENTS,
    )
    kind: ClassVar[ImportKind] = ImportKind.ORGANIZATION

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.UPDATE,
        *,
        split_phones: bool = False,  # An organization has no phone number.
    ) -> None:
        self._actor = actor
        self._policy = policy
        self._record_values = RecordValues(actor)

    def batch(
        self, contents: Sequence[Mapping[str, Any]], *, are_cells: bool
    ) -> AbstractContextManager[None]:
        if are_cells and self._policy != DuplicatePolicy.CREATE:
            names = [content["name"] for content in contents if "name" in content]
            read_own_ahead(
                Organization,
                contents,
                actor=self._actor,
                further=organizations.read_named_ahead(names, actor=self._actor),
                with_lists=with_lists_of_organizations,
            )
        if are_cells:
            read_tags_ahead(tag_names(contents), actor=self._actor)
        return nullcontext()

    def store(self, cells: Mapping[str, str], *, known: int | None = None) -> Imported:
        texts = (*ORGANIZATION_TEXTS, *EXTERNAL_ID_COLUMNS)
        values: dict[str, Any] = {name: cells[name] for name in texts if name in cells}
        values |= {"custom_fields": custom_field_values(cells), "tags": tag_values(cells)}
        values |= self._record_values.read(cells)
        values["id"] = id_by_uuid(Organization, cells, self._policy, self._actor)
        return self.store_values({key: value for key, value in values.items() if value}, known=known)

    def store_values(self, values: Mapping[str, Any], *, known: int | None = None) -> Imported:
        given = cast(organizations.OrganizationValues, values)
        return importing.import_organization(given, policy=self._policy, actor=self._actor, known=known)

    def match(self, values: Mapping[str, Any]) -> tuple[Organization, str] | None:
        return importing.match_organization(cast(organizations.OrganizationValues, values), actor=self._actor)

    def restore(
        self, key: int, columns: Mapping[str, Any], lists: Mapping[str, Any], *, expected_version: int | None
    ) -> int:
        return importing.restore_organization(
            key, columns, lists, actor=self._actor, expected_version=expected_version
        )

    def unlink(self, keys: Mapping[str, int]) -> None:
        """Do nothing: rows of organizations link no records."""

    def remove(self, key: int, *, expected_version: int | None) -> None:
        organizations.delete_organization(key, actor=self._actor, expected_version=expected_version)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        name = path.partition(".")[0]
        return custom_field_column(path, cells) if name == "custom_fields" else name
