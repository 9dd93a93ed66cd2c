"""The export of organizations, in the columns of their import."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet

from crm.exporting.sources import Cells, ExportSource, tags_of
from crm.exporting.sql_cells import JoinedCells, tag_cells
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from people.exports.common import COMMON
from people.models import ORGANIZATION_TEXTS, Organization


class OrganizationExport(ExportSource):
    name = "ORGANIZATION"
    model = Organization
    plain: ClassVar[Mapping[str, str]] = {
        **{name: name for name in ("uuid", *ORGANIZATION_TEXTS)},
        **COMMON,
    }
    order: ClassVar[Sequence[str]] = (
        *("uuid", *ORGANIZATION_TEXTS, "owner", "tags", *EXTERNAL_ID_COLUMNS, "created_at"),
    )

    def read_related(self, keys: Sequence[int], wanted: Sequence[str]) -> Mapping[int, Cells]:
        tags = tags_of(Organization, keys, actor=self.actor)
        return {key: {"tags": cell} for key, cell in tags.items()}

    def joined(self, keys: QuerySet[Any, Any] | None, wanted: Sequence[str]) -> Sequence[JoinedCells]:
        return [tag_cells(Organization, keys, self.actor)] if "tags" in wanted else []
