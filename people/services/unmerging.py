"""Undo a merge exactly, from its journal."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import CASCADE, SET_NULL, ForeignKey, Model
from django.utils import timezone

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.models.history import HistoryKind
from crm.records.registry import record_kind
from crm.services import external_ids, history, locking, record_events, saving
from people.models import Address, Contact, ContactKind, Merge, Person
from people.models.canonical import has_email_form
from people.services.merge_moves import Move, relation_named
from people.services.merging import make_findable
from people.services.moved_rows import MovedRows
from people.signals import rows_moved

STAMPS = ("created_at", "updated_at")


@transaction.atomic
def undo_merge(key: object, *, actor: Actor) -> Merge:
    """Restore everything that a merge moved, filled or dropped to its former record.

    Rows deleted since stay deleted, and rows that the merge did not touch stay as they are. Only the latest
    merge of a record can be undone, and only if nothing that it set has changed since.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    merge = locking.lock(Merge, actor, key)
    if merge.undone_at is not None:
        raise Conflict(ConflictReason.VERSION, "This merge is undone already.")
    winner, losers = _locked(merge, actor)
    _check_latest(merge, winner)
    before = locking.column_values(winner)
    moves = list(_moves(merge, winner, losers))
    differing = [*_changed_hands(moves), *_changed_columns(merge), *_changed_fields(merge, winner)]
    if differing:
        raise Conflict(
            ConflictReason.VERSION, f"Changed since the merge: {', '.join(differing)}. Nothing was undone."
        )
    for move in moves:
        move.write()
    for change in merge.journal["changed"]:
        model = apps.get_model(change["model"])
        model._base_manager.filter(pk=change["id"]).update(**{change["column"]: change["values"][0]})
    dropped = _insert_dropped(merge)
    # Before the losers return: an external id that the winner took is theirs.
    _take_back(merge, winner, losers, before, actor)
    for loser in losers.values():
        _bring_back(loser, winner, actor)
    merge.undone_at = timezone.now()
    merge.undone_by_id = actor.user_id
    merge.save(update_fields=["undone_at", "undone_by", "updated_at"])
    moved = MovedRows(moves=moves, dropped=dropped, records={winner.pk: winner, **losers}, is_undone=True)
    rows_moved.send(sender=type(winner), merge=moved, actor=actor)
    return merge


def _locked(merge: Merge, actor: Actor) -> tuple[Any, dict[int, Any]]:
    records = record_kind(merge.model).model.objects
    rows = records.with_deleted_for(actor).filter(pk__in=[merge.winner_id, *merge.losers])
    found = {row.pk: row for row in rows.order_by("pk").select_for_update(of=("self",), no_key=True)}
    gone = [str(pk) for pk in (merge.winner_id, *merge.losers) if pk not in found]
    if gone:
        raise Conflict(ConflictReason.VERSION, "A record of this merge was deleted for good.", ids=gone)
    return found[merge.winner_id], {pk: found[pk] for pk in merge.losers}


def _check_latest(merge: Merge, winner: Any) -> None:
    later = Merge.objects.filter(
        company_id=merge.company_id,
        model=merge.model,
        winner_id=merge.winner_id,
        pk__gt=merge.pk,
        undone_at=None,
    )
    into = winner.merged_into_id
    if into is not None:
        later = Merge.objects.filter(company_id=merge.company_id, model=merge.model, winner_id=into)
        later = later.filter(undone_at=None, pk__gt=merge.pk)
    ids = [str(pk) for pk in later.order_by("-pk").values_list("pk", flat=True)]
    if ids or into is not None:
        raise Conflict(ConflictReason.IN_USE, "Undo the later merges first.", ids=ids)


def _moves(merge: Merge, winner: Any, losers: dict[int, Any]) -> Iterator[Move]:
    for moved in merge.journal["moved"]:
        relation = relation_named(type(winner), moved["relation"])
        rows = relation.model._base_manager.filter(pk__in=moved["rows"]).order_by("pk")
        present = rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True)
        yield Move(relation=relation, old=winner, new=losers[moved["from"]], rows=tuple(present))


def _changed_hands(moves: list[Move]) -> Iterator[str]:
    for move in moves:
        rows = move.relation.model._base_manager.filter(pk__in=move.rows)
        for row in rows.exclude(**{move.relation.column: move.old.pk}).order_by("pk"):
            yield _label(row)


def _label(row: Model) -> str:
    return f"{row._meta.verbose_name} {row.pk}"


def _changed_columns(merge: Merge) -> Iterator[str]:
    for change in merge.journal["changed"]:
        row = apps.get_model(change["model"])._base_manager.filter(pk=change["id"]).first()
        if row is not None and getattr(row, change["column"]) != change["values"][1]:
            yield _label(row)


def _changed_fields(merge: Merge, winner: Any) -> Iterator[str]:
    for name, (_, value) in merge.journal["filled"].items():
        if history.plain(getattr(winner, name)) != value:
            yield name
    for name, value in merge.journal["custom_fields"].items():
        if name in winner.custom_fields and winner.custom_fields[name] != value:
            yield f"custom_fields.{name}"


def _insert_dropped(merge: Merge) -> list[Model]:
    """Insert the rows that the merge dropped; return those whose targets still exist."""
    try:
        with transaction.atomic():
            inserted = [
                _insert(apps.get_model(dropped["model"]), dropped["values"])
                for dropped in merge.journal["dropped"]
            ]
    except IntegrityError as clash:
        raise Conflict(
            ConflictReason.EXISTS, "A new row conflicts with one that the merge dropped. Nothing was undone."
        ) from clash
    return [row for row in inserted if row is not None]


def _insert(model: type[Model], plain: dict[str, Any]) -> Model | None:
    values = {
        column.attname: column.to_python(plain[column.attname]) for column in model._meta.concrete_fields
    }
    for column in model._meta.concrete_fields:
        if not isinstance(column, ForeignKey) or values[column.attname] is None:
            continue
        if column.related_model._base_manager.filter(pk=values[column.attname]).exists():
            continue
        # Its target was deleted since: apply the rule of the foreign key now.
        if column.remote_field.on_delete is CASCADE:
            return None
        if column.remote_field.on_delete is not SET_NULL:
            raise Conflict(
                ConflictReason.VERSION, f"The {column.verbose_name} of a row that the merge dropped is gone."
            )
        values[column.attname] = None
    row = model(**values)
    model._base_manager.bulk_create([row])
    # auto_now overwrote the old times.
    stamps = {name: values[name] for name in STAMPS if name in values}
    if stamps:
        model._base_manager.filter(pk=values["id"]).update(**stamps)
    return row


def _bring_back(loser: Any, winner: Any, actor: Actor) -> None:
    loser.merged_into = None
    loser.deleted_at = None
    external_ids.check_free(loser, actor=actor)
    loser.version += 1
    loser.save(update_fields=["merged_into", "deleted_at", "version", "updated_at"])
    out_of = {"id": str(winner.pk), "name": str(winner)}
    history.record(loser, HistoryKind.UNMERGED, actor=actor, changes={"merged_into": [out_of, None]})
    record_events.emit(loser, "restored", actor=actor)


def _take_back(
    merge: Merge, winner: Any, losers: dict[int, Any], before: locking.Columns, actor: Actor
) -> None:
    for name, (value, _) in merge.journal["filled"].items():
        setattr(winner, name, winner._meta.get_field(name).to_python(value))
    filled = merge.journal["custom_fields"]
    winner.set_stored_custom_fields(
        {name: value for name, value in winner.custom_fields.items() if name not in filled}
    )
    if isinstance(winner, Person):
        _repair_person(winner)
    make_findable(winner)
    merged = [{"id": str(loser.pk), "name": str(loser)} for loser in losers.values()]
    saving.store(
        winner, actor=actor, before=before, relations={"merged": [merged, []]}, kind=HistoryKind.UNMERGED
    )


def _repair_person(person: Person) -> None:
    """Restore primary e-mail and default address of a person who just lost contacts or addresses."""
    if person.email is None:
        emails = Contact.objects.filter(person=person, type__kind=ContactKind.EMAIL).order_by("weight", "pk")
        person.email = next((row.value for row in emails if has_email_form(row.value)), None)
    addresses = Address.objects.filter(person=person).order_by("-is_default", "pk")
    first = addresses.first()
    if first is not None and not first.is_default:
        Address.objects.filter(pk=first.pk).update(is_default=True)
