"""The export of activities: notes, tasks, calls, meetings and e-mails of the records that an actor sees."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.db.models import Case, CharField, Expression, F, OuterRef, Subquery, UUIDField, Value, When

from crm.database.key_lists import AmongKeys
from crm.exporting.sources import Cells, ExportSource
from crm.models import Activity
from crm.records.registry import RecordKind, record_kinds

#: What names the record of an activity, here and at another installation.
RECORD = ("record_uuid", "record_external_id", "record_external_source", "record_name")


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
        *("uuid", "record_kind", "record_uuid", "record_external_id", "record_external_source"),
        *("record_name", "kind", "subject", "text", "owner", "assignee"),
        *("due_at", "starts_at", "minutes", "direction", "outcome", "priority", "recurrence"),
        *("done_at", "created_at"),
    )

    def expressions(self) -> Mapping[str, F | Expression]:
        found = super().expressions()
        is_kind = {
            kind.name.value: {"content_type__model": kind.model._meta.model_name} for kind in record_kinds()
        }
        kinds = [When(**condition, then=Value(name)) for name, condition in is_kind.items()]
        own: dict[str, F | Expression] = {"record_kind": Case(*kinds, output_field=CharField())}
        for heading in RECORD:
            cells = []
            for kind in record_kinds():
                records = kind.model.objects.visible_to(self.actor).filter(pk=OuterRef("object_id"))
                column = Subquery(records.order_by().values(_column(kind, heading)))
                cells.append(When(**is_kind[kind.name.value], then=column))
            field = UUIDField() if heading == "record_uuid" else CharField()
            own[heading] = Case(*cells, output_field=field)
        return {**found, **own}

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
            columns = [_column(kind, heading) for heading in RECORD]
            read = {key: values for key, *values in found.values_list("pk", *columns)}
            for key, object_id in objects.items():
                own = dict(zip(RECORD, read.get(object_id, ()), strict=False))
                cells[key] = {"record_kind": kind.name.value, **own}
        return cells


def _column(kind: RecordKind, heading: str) -> str:
    return kind.named_by if heading == "record_name" else heading.removeprefix("record_")
