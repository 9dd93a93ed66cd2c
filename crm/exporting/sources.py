"""The rows of an export in batches: columns of the row itself, and of what belongs to it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Expression, F, Func, Model, QuerySet, TextField

from crm.actors import Actor
from crm.custom_field_values import written
from crm.database.key_lists import AmongKeys
from crm.exporting.sql_cells import JoinedCells, compiled
from crm.importing.row_values import joined_tags
from crm.models.base import visible_rows
from crm.models.custom_fields import CustomFieldDefinition
from crm.records.row_import import CUSTOM_FIELD

#: Rows that are held at a time.
BATCH = 2_000
CUSTOM_FIELDS = "custom_fields"
Cells = dict[str, object]


class ExportSource:
    """The export of one kind of rows; apps register theirs.

    ``plain`` are the headings of columns, each with where it is read; ``related`` those that ``read_related``
    fills.
    """

    name: ClassVar[str]
    model: ClassVar[type[Model]]
    plain: ClassVar[Mapping[str, str]]
    related: ClassVar[Sequence[str]] = ()
    #: All headings in their order; custom fields follow.
    order: ClassVar[Sequence[str]]

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        #: What an operator should know of the file.
        self.notes: list[str] = []

    @property
    def has_custom_fields(self) -> bool:
        return any(field.name == CUSTOM_FIELDS for field in self.model._meta.concrete_fields)

    def headings(self, rows: QuerySet[Any], wanted: Sequence[str] = ()) -> list[str]:
        """Return the headings of a file with these rows: all, or those that are wanted, in their order.

        :raises ValidationError: keyed ``columns``, if one is unknown.
        """
        fixed = self.expanded(rows)
        if not wanted:
            return [*fixed, *(self._custom(rows) if self.has_custom_fields else [])]
        found: list[str] = []
        for name in wanted:
            if name == CUSTOM_FIELDS and self.has_custom_fields:
                found += self._custom(rows)
            elif name in fixed or self.accepts(name):
                found.append(name)
            else:
                known = ", ".join([*self.order, *([f"{CUSTOM_FIELD}NAME"] if self.has_custom_fields else [])])
                raise ValidationError({"columns": [f"Unknown column: {name}. Known columns: {known}."]})
        return list(dict.fromkeys(found))

    def keys_of(self, rows: QuerySet[Any]) -> QuerySet[Any, Any] | None:
        """Return the keys of the rows; None if they are all that the actor sees: no need to look them up."""
        keys = rows.order_by().values("pk")
        everything = visible_rows(self.model, self.actor).order_by().values("pk")
        return None if compiled(keys) == compiled(everything) else keys

    def accepts(self, name: str) -> bool:
        """Return whether a heading can be asked for that these rows may not need."""
        is_custom = self.has_custom_fields and name.startswith(CUSTOM_FIELD) and name != CUSTOM_FIELD
        return is_custom or name in self.order

    def expanded(self, rows: QuerySet[Any]) -> list[str]:
        """Return the headings without custom fields, those of lists as often as these rows need them."""
        return list(self.order)

    def _custom(self, rows: QuerySet[Any]) -> list[str]:
        defined = CustomFieldDefinition.objects.visible_to(self.actor).filter(
            model=self.model.entity_kind  # type: ignore[attr-defined]  # of records, which alone have them
        )
        names = set(defined.values_list("name", flat=True))
        if connection.vendor == "postgresql":
            # Not JSON, as what they are of: a name may be 12.
            keys = Func("custom_fields", function="jsonb_object_keys", output_field=TextField())
            names.update(
                rows.order_by().annotate(field_name=keys).values_list("field_name", flat=True).distinct()
            )
        else:
            for held in rows.order_by().values_list("custom_fields", flat=True).iterator(chunk_size=BATCH):
                names.update(held)
        return [CUSTOM_FIELD + name for name in sorted(names)]

    def read(self, rows: QuerySet[Any], headings: Sequence[str]) -> Iterator[list[list[object]]]:
        """Yield the cells of all rows by id, a batch at a time."""
        paths = {name: path for name, path in self.plain.items() if name in headings}
        custom = [name for name in headings if name.startswith(CUSTOM_FIELD)]
        more = [CUSTOM_FIELDS] if custom else []
        related = [name for name in headings if name not in paths and not name.startswith(CUSTOM_FIELD)]
        plan = [
            (paths.get(name), name[len(CUSTOM_FIELD) :] if name.startswith(CUSTOM_FIELD) else None, name)
            for name in headings
        ]
        last = 0
        while True:
            batch = list(
                rows.filter(pk__gt=last).order_by("pk").values("pk", *set(paths.values()), *more)[:BATCH]
            )
            if not batch:
                return
            last = batch[-1]["pk"]
            read = self.read_related([row["pk"] for row in batch], related) if related else {}
            yield [_cells(row, plan, read.get(row["pk"], {})) for row in batch]
            if len(batch) < BATCH:
                return

    def expressions(self) -> Mapping[str, F | Expression]:
        """Return what SQL reads in the query of the rows themselves, by heading."""
        return {name: F(path) for name, path in self.plain.items()}

    def joined(self, keys: QuerySet[Any, Any] | None, wanted: Sequence[str]) -> Sequence[JoinedCells] | None:
        """Return how SQL reads what ``read_related`` does; None if only Python can.

        :param keys: those of the rows; None if they are all that the actor sees.
        """
        return ()

    def read_related(self, keys: Sequence[int], wanted: Sequence[str]) -> Mapping[int, Cells]:
        """Return the cells of what belongs to the rows with these keys, by key and heading."""
        return {}


def _cells(
    row: Mapping[str, Any], plan: Sequence[tuple[str | None, str | None, str]], more: Cells
) -> list[object]:
    """Return the cells of a row; the plan has the path, or custom field, or name of each."""
    cells: list[object] = []
    for path, custom, name in plan:
        if path is not None:
            cells.append(row[path])
        elif custom is None:
            cells.append(more.get(name))
        else:
            value = row[CUSTOM_FIELDS].get(custom)
            cells.append(None if value is None else written(value))
    return cells


def tags_of(model: type[Any], keys: Sequence[int], *, actor: Actor) -> dict[int, str]:
    """Return the cell ``tags`` of records by key."""
    tagged = model.objects.visible_to(actor).filter(AmongKeys("pk", keys), tags__isnull=False)
    names: dict[int, list[str]] = defaultdict(list)
    for key, name in tagged.order_by("tags__name", "tags__pk").values_list("pk", "tags__name"):
        names[key].append(name)
    return {key: joined_tags(of_record) for key, of_record in names.items()}
