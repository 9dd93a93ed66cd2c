"""The export of activities: notes, tasks, calls, meetings and e-mails of the records that an actor sees."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Case, CharField, Expression, F, OuterRef, Subquery, UUIDField, Value, When

from crm.database.key_lists import AmongKeys
from crm.exporting.sources import Cells, ExportSource
from crm.models import Activity
from crm.records.registry import record_kinds


class ActivityExport(ExportSource):
    name = "ACTIVITY"
    model = Activity
    plain: ClassVar[Mapping[str, str]] = {
        **{name: name for name in ("uuid", "kind", "subject", "text", "due_at", "starts_at", "minutes")},
        **{
            name: name for name in ("direction", "outcome", "priority", "recurrence", "done_at", "created_at")
        },
        "owner": "user__username",
        "assignee": "assignee__username",
    }
    order: ClassVar[Sequence[str]] = (
        *("uuid", "record_kind", "record_uuid", "kind", "subject", "text", "owner", "assignee"),
        *("due_at", "starts_at", "minutes", "direction", "outcome", "priority", "recurrence"),
        *("done_at", "created_at"),
    )

    def expressions(self) -> Mapping[str, F | Expression]:
        names, uuids = [], []
        for kind in record_kinds():
            is_kind: Any = {"content_type__model": kind.model._meta.model_name}
            found = kind.model.objects.visible_to(self.actor).filter(pk=OuterRef("object_id"))
            names.append(When(**is_kind, then=Value(kind.name.value)))
            uuids.append(When(**is_kind, then=Subquery(found.order_by().values("uuid"))))
        return {
            **super().expressions(),
            "record_kind": Case(*names, output_field=CharField()),
            "record_uuid": Case(*uuids, output_field=UUIDField()),
        }

    def read_related(self, keys: Sequence[int], wanted: Sequence[str]) -> Mapping[int, Cells]:
        kinds = {kind.model._meta.model_name: kind for kind in record_kinds()}
        records: dict[str, dict[int, int]] = defaultdict(dict)
        rows = Activity.objects.visible_to(self.actor).filter(AmongKeys("pk", keys))
        for key, name, object_id in rows.values_list("pk", "content_type__model", "object_id"):
            records[name][key] = object_id
        cells: dict[int, Cells] = {}
        for name, objects in records.items():
            kind = kinds[name]
            found = kind.model.objects.visible_to(self.actor).filter(pk__in=set(objects.values()))
            uuids = dict(found.values_list("pk", "uuid"))
            for key, object_id in objects.items():
                cells[key] = {"record_kind": kind.name.value, "record_uuid": uuids.get(object_id)}
        return cells
