"""Find all rows, in any app, that refer to a person or organization, and move them in a merge."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model, QuerySet, UniqueConstraint

from crm.texts import name_key
from people.services.addresses import ADDRESS_TEXTS

#: Not moved: a merged record keeps referring to its winner, even if that is merged later.
STAYS = "merged_into"
#: Columns by which two rows are duplicates, for models without a unique constraint that says so.
EQUAL_BY: dict[str, tuple[str, ...]] = {
    "people.contact": ("type_id", "canonical_or_value"),
    "people.address": ADDRESS_TEXTS,
    "people.employment": (
        "person_id",
        "organization_id",
        "position",
        "income",
        "income_type",
        "start_date",
        "end_date",
        "status",
    ),
    "people.personfile": ("file_id", "field_name"),
    "people.organizationfile": ("file_id", "field_name"),
}


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A column that refers to records of one model."""

    model: type[Model]
    column: str
    content_type: ContentType | None = None

    @property
    def name(self) -> str:
        """The name of the relation in a merge's journal."""
        return f"{self.model._meta.label_lower}.{self.column}"

    @property
    def label(self) -> str:
        """A label of the rows for people."""
        options = self.model._meta
        if options.auto_created:
            # A many-to-many table has no label of its own: use that of the list, from either side.
            source: Any = options.auto_created
            owner = source._meta
            many: Any = next(many for many in owner.many_to_many if many.remote_field.through is self.model)
            return many.name if many.m2m_column_name() == self.column else str(owner.verbose_name_plural)
        return str(options.verbose_name_plural)

    def rows_of(self, keys: Iterable[int]) -> QuerySet[Any]:
        """Return the rows that refer to one of the records, deleted ones included."""
        rows = self.model._base_manager.filter(**{f"{self.column}__in": list(keys)})
        return rows if self.content_type is None else rows.filter(content_type=self.content_type)

    def equal_by(self) -> tuple[str, ...]:
        """Return the other columns by which two rows are duplicates; empty if they never are."""
        columns = EQUAL_BY.get(self.model._meta.label_lower) or self._unique_columns()
        return tuple(column for column in columns if column != self.column)

    def _unique_columns(self) -> tuple[str, ...]:
        groups: list[Sequence[str]] = [*self.model._meta.unique_together]
        groups += [
            constraint.fields
            for constraint in self.model._meta.constraints
            if isinstance(constraint, UniqueConstraint) and constraint.condition is None
        ]
        for group in groups:
            columns = tuple(getattr(self.model._meta.get_field(name), "attname", name) for name in group)
            if self.column in columns:
                return columns
        return ()


def relations_to(model: type[Model]) -> list[Relation]:
    """Return every relation to records of a model, found from the models of all apps."""
    back = [
        key
        for related in model._meta.get_fields(include_hidden=True)
        if related.auto_created and isinstance(key := getattr(related, "field", None), ForeignKey)
    ]
    found = [Relation(model=key.model, column=key.attname) for key in back if key.name != STAYS]
    content_type = ContentType.objects.get_for_model(model)
    found += [
        Relation(model=other, column=key.fk_field, content_type=content_type)
        for other in apps.get_models(include_auto_created=True)
        for key in other._meta.private_fields
        if isinstance(key, GenericForeignKey)
    ]
    return sorted(found, key=lambda relation: relation.name)


def relation_named(model: type[Model], name: str) -> Relation:
    return next(relation for relation in relations_to(model) if relation.name == name)


@dataclass(frozen=True, kw_only=True)
class Move:
    """Rows that are moved from one record to another."""

    relation: Relation
    old: Model
    new: Model
    rows: tuple[int, ...]

    def write(self) -> None:
        self.relation.model._base_manager.filter(pk__in=self.rows).update(
            **{self.relation.column: self.new.pk}
        )


@dataclass(kw_only=True)
class Plan:
    """The rows of one relation in a merge: some are moved, duplicates are dropped."""

    relation: Relation
    moves: list[Move] = field(default_factory=list)
    dropped: list[Model] = field(default_factory=list)
    #: The rows that the winner ends with, its own first; only where duplicates are dropped.
    kept: list[Model] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.relation.label

    @property
    def moved(self) -> int:
        return sum(len(move.rows) for move in self.moves)

    def write(self) -> None:
        if self.dropped:
            self.relation.model._base_manager.filter(pk__in=[row.pk for row in self.dropped]).delete()
        for move in self.moves:
            move.write()


def plan_moves(winner: Model, losers: Sequence[Model], *, lock: bool) -> list[Plan]:
    """Plan the rows of every relation to the losers, with one statement per relation."""
    plans = []
    for relation in relations_to(type(winner)):
        compared = relation.equal_by()
        records = [winner, *losers] if compared else losers
        rows = relation.rows_of(record.pk for record in records).order_by("pk")
        if lock:
            # In the order of ids, so that two merges never deadlock.
            rows = rows.select_for_update(of=("self",), no_key=True)
        plan = Plan(relation=relation)
        if compared:
            _sort_out(plan, compared, winner, losers, rows)
        else:
            by_record: dict[int, list[int]] = defaultdict(list)
            for pk, record in rows.values_list("pk", relation.column):
                by_record[record].append(pk)
            _add_moves(plan, winner, losers, by_record)
        if plan.moves or plan.dropped:
            plans.append(plan)
    return plans


def _sort_out(
    plan: Plan, compared: Sequence[str], winner: Model, losers: Sequence[Model], rows: Iterable[Model]
) -> None:
    by_record: dict[int, list[Model]] = defaultdict(list)
    for row in rows:
        by_record[getattr(row, plan.relation.column)].append(row)
    plan.kept = list(by_record[winner.pk])
    seen = {_said(row, compared) for row in plan.kept}
    moved: dict[int, list[int]] = defaultdict(list)
    for loser in losers:
        for row in by_record[loser.pk]:
            said = _said(row, compared)
            if said in seen:
                plan.dropped.append(row)
            else:
                seen.add(said)
                plan.kept.append(row)
                moved[loser.pk].append(row.pk)
    _add_moves(plan, winner, losers, moved)


def _add_moves(plan: Plan, winner: Model, losers: Sequence[Model], rows: dict[int, list[int]]) -> None:
    plan.moves = [
        Move(relation=plan.relation, old=loser, new=winner, rows=tuple(rows[loser.pk]))
        for loser in losers
        if rows.get(loser.pk)
    ]


def _said(row: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    values = []
    for column in columns:
        value = row.canonical or row.value if column == "canonical_or_value" else getattr(row, column)
        values.append(name_key(value) if isinstance(value, str) else value)
    return tuple(value if value != "" else None for value in values)
