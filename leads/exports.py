"""The export of leads, in the columns of their import."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Case, Expression, F, QuerySet, When

from crm.database.key_lists import AmongKeys
from crm.exporting.sources import Cells, ExportSource, tags_of
from crm.exporting.sql_cells import JoinedCells, tag_cells
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from leads.models import Lead
from leads.models.deal_value import READERS

#: Names of rows that a lead refers to.
NAMED = ("pipeline", "stage", "status", "type", "source", "lost_reason")
#: Columns of the person and the organization of a lead.
OF_RELATED = {
    "person_uuid": ("person", "uuid"),
    "person_email": ("person", "email"),
    "organization_uuid": ("organization", "uuid"),
    "organization": ("organization", "name"),
}


class LeadExport(ExportSource):
    name = "LEAD"
    model = Lead
    plain: ClassVar[Mapping[str, str]] = {
        **{
            name: name for name in ("uuid", "title", "firstname", "lastname", "email", "phone", "description")
        },
        **{name: name for name in ("description", *READERS, "reason_lost", *EXTERNAL_ID_COLUMNS)},
        **{name: name for name in ("created_at", "stage_changed_at", "closed_at")},
        **{name: f"{name}__name" for name in NAMED},
        "owner": "owner__username",
    }
    related: ClassVar[Sequence[str]] = tuple(OF_RELATED)
    order: ClassVar[Sequence[str]] = (
        *("uuid", "title", "firstname", "lastname", "email", "phone", "description"),
        *("person_uuid", "person_email", "organization_uuid", "organization", *NAMED, "reason_lost"),
        *("owner", *READERS, "tags", *EXTERNAL_ID_COLUMNS, "created_at", "stage_changed_at", "closed_at"),
    )

    def expressions(self) -> Mapping[str, F | Expression]:
        # Not of deleted ones, which nobody sees.
        return {
            **super().expressions(),
            **{
                name: Case(When(**{f"{relation}__deleted_at": None}, then=F(f"{relation}__{column}")))
                for name, (relation, column) in OF_RELATED.items()
            },
        }

    def joined(self, keys: QuerySet[Any, Any] | None, wanted: Sequence[str]) -> Sequence[JoinedCells]:
        return [tag_cells(Lead, keys, self.actor)] if "tags" in wanted else []

    def read_related(self, keys: Sequence[int], wanted: Sequence[str]) -> Mapping[int, Cells]:
        cells: dict[int, Cells] = {key: {} for key in keys}
        if "tags" in wanted:
            for key, tags in tags_of(Lead, keys, actor=self.actor).items():
                cells[key]["tags"] = tags
        leads = Lead.objects.visible_to(self.actor).filter(AmongKeys("pk", keys))
        # Not of deleted ones, which nobody sees.
        if {"person_uuid", "person_email"} & set(wanted):
            people = leads.filter(person__deleted_at=None, person__isnull=False)
            for key, uuid, email in people.values_list("pk", "person__uuid", "person__email"):
                cells[key] |= {"person_uuid": uuid, "person_email": email}
        if {"organization_uuid", "organization"} & set(wanted):
            organizations = leads.filter(organization__deleted_at=None, organization__isnull=False)
            for key, uuid, name in organizations.values_list(
                "pk", "organization__uuid", "organization__name"
            ):
                cells[key] |= {"organization_uuid": uuid, "organization": name}
        return cells
