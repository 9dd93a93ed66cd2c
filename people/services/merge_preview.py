"""Preview a merge: its outcome by field, and how many of the rows that the actor may see it moves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import ForeignKey, Model, Q

from crm.actors import Action, Actor
from crm.models.records import Record
from people.models import Organization, Person
from people.services.merge_moves import Plan
from people.services.merging import Outcome, named_records, plan_merge

Merged = TypeVar("Merged", Person, Organization)


@dataclass(frozen=True, kw_only=True)
class PreviewedMove:
    """Rows of one relation that the actor may see: how many move, and how many are left out."""

    label: str
    moved: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class MergePreview:
    """Result of a merge that is not made; ``has_hidden`` if it moves rows that the actor may not see too."""

    winner: Any
    losers: Sequence[Any]
    fields: Sequence[Outcome]
    moves: Sequence[PreviewedMove]
    has_hidden: bool


def preview_merge(
    model: type[Merged], key: object, duplicate_keys: Sequence[object], *, actor: Actor
) -> MergePreview:
    actor.require(Action.READ)
    winner, *losers = named_records(model, key, duplicate_keys, actor)
    plan = plan_merge(winner, losers)
    moves = [_seen_by(actor, relation) for relation in plan.relations]
    counted = sum(move.moved + move.dropped for move in moves)
    return MergePreview(
        winner=winner,
        losers=losers,
        fields=plan.fields,
        moves=[move for move in moves if move.moved or move.dropped],
        has_hidden=counted < sum(relation.moved + len(relation.dropped) for relation in plan.relations),
    )


def _seen_by(actor: Actor, plan: Plan) -> PreviewedMove:
    moved = [key for move in plan.moves for key in move.rows]
    dropped = [row.pk for row in plan.dropped]
    rows = _visible(plan, [*moved, *dropped], actor)
    return PreviewedMove(
        label=plan.label, moved=len(rows.intersection(moved)), dropped=len(rows.intersection(dropped))
    )


def _visible(plan: Plan, keys: Iterable[int], actor: Actor) -> set[int]:
    """Return those of a relation's rows that the actor sees, or would see if they were not deleted."""
    model: Any = plan.relation.model
    keys = list(keys)
    if issubclass(model, Record):
        return set(_in_sight(model, actor).filter(pk__in=keys).values_list("pk", flat=True))
    # Other rows are seen with the records that they belong to, such as the leads of a person's part in them.
    # Those that refer to the merged record alone are seen with it.
    others = [column for column in _record_columns(model) if column.attname != plan.relation.column]
    if not others:
        return set(keys)
    rows = model._base_manager.filter(pk__in=keys)
    for column in others:
        seen = Q(**{f"{column.name}__in": _in_sight(column.related_model, actor).values("pk")})
        # A row without the other record, such as a position without an organization, hides nothing.
        rows = rows.filter(seen | Q(**{f"{column.name}__isnull": True}))
    return set(rows.values_list("pk", flat=True))


def _record_columns(model: type[Model]) -> list[Any]:
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, ForeignKey) and issubclass(column.related_model, Record)
    ]


def _in_sight(model: Any, actor: Actor) -> Any:
    # Deleted ones too: they move, and are no secret to those who saw them.
    return model._default_manager.with_deleted_for(actor)
