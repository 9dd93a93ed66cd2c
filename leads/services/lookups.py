"""Statuses, types, sources and lost reasons, and the one default that some lists have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models.lifecycle import LIVE
from crm.services import locking, saving
from crm.services.replacing import lock_company, reorder
from leads.models import LeadLostReason, LeadReceiver, LeadSource, LeadStatus, LeadType, StatusCategory

Lookup = TypeVar("Lookup", LeadStatus, LeadType, LeadSource, LeadLostReason, LeadReceiver)

#: A company always has a status of these.
NEEDED_CATEGORIES = (StatusCategory.WON, StatusCategory.LOST)


class LookupValues(TypedDict, total=False):
    """What a client may say of a row of a small list; an absent key is left as it is."""

    companies_id: object
    name: str | None
    description: str | None
    category: str | None
    is_default: bool | None
    is_active: bool | None
    weight: int | None
    leads_types_id: object


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What can be said of the rows of a list: ``needed`` are never null, ``plain`` may be."""

    needed: tuple[str, ...]
    plain: tuple[str, ...] = ()


FIELDS: dict[type[Any], Fields] = {
    LeadStatus: Fields(needed=("name", "category", "is_default", "weight")),
    LeadType: Fields(needed=("name", "is_active"), plain=("description",)),
    LeadSource: Fields(needed=("name", "is_active"), plain=("description",)),
    LeadLostReason: Fields(needed=("name", "is_active", "weight")),
}


def create_lookup(model: type[Lookup], values: LookupValues, *, actor: Actor) -> Lookup:
    """Make a row of a small list.

    :raises ValidationError: if the name is missing, too long or taken.
    :raises NotFound: if something that the values name does not exist for the actor.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    row: Any = model(company_id=actor.company_id)
    _assign(row, values, actor)
    saved: Lookup = save_lookup(row, actor=actor)
    return saved


@transaction.atomic
def update_lookup(model: type[Lookup], key: object, values: LookupValues, *, actor: Actor) -> Lookup:
    """Change the fields that are given.

    :raises NotFound: if the row, or something that the values name, does not exist for the actor.
    :raises ValidationError: if the name is missing, too long or taken.
    :raises Conflict: if a default would be lost, or a status that is needed or in use another category.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    row: Any = locking.lock(model, actor, key)
    before = locking.column_values(row)
    _assign(row, values, actor)
    saved: Lookup = save_lookup(row, actor=actor, before=before)
    return saved


def _assign(row: Any, values: LookupValues, actor: Actor) -> None:
    saving.check_current_company(values.get("companies_id"), actor, argument="companies_id")
    fields = FIELDS[type(row)]
    saving.refuse_null(values, fields.needed)
    given: dict[str, Any] = dict(values)
    for name in (*fields.needed, *fields.plain):
        if name in given:
            setattr(row, name, given[name])
    if "leads_types_id" in given:
        key = given["leads_types_id"]
        none = saving.is_none_given(key)
        row.type = None if none else LeadType.objects.find(actor, key, argument="leads_types_id")


@transaction.atomic
def save_lookup(row: Lookup, *, actor: Actor, before: Mapping[str, Any] | None = None) -> Lookup:
    """Validate and store a row of a small list; choosing a default takes it from the one before.

    :param before: the columns as they are stored and locked.
    :raises ValidationError: if the name is missing, too long or taken.
    :raises Conflict: if a default would be lost, or a status that is needed or in use another category.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if not row._state.adding and before is None:
        before = locking.stored_values(row, actor)
    if before is not None:
        _keep_category(row, before, actor)
    if isinstance(row, LeadStatus | LeadReceiver):
        _keep_one_default(row, actor)
    saving.store(row, actor=actor, before=before)
    return row


def _keep_one_default(row: LeadStatus | LeadReceiver, actor: Actor) -> None:
    others = type(row).objects.visible_to(actor).exclude(pk=row.pk).filter(is_default=True)
    if row.is_default:
        lock_company(actor.company_id)
        for other in others.select_for_update(of=("self",)):
            before = locking.column_values(other)
            other.is_default = False
            saving.store(other, actor=actor, before=before)
    elif isinstance(row, LeadStatus) and not others.exists():
        if not row._state.adding:
            raise Conflict("Make another status the default instead.")
        row.is_default = True


def _keep_category(row: Any, before: Mapping[str, Any], actor: Actor) -> None:
    if not isinstance(row, LeadStatus) or before["category"] == row.category:
        return
    # Whether a lead is closed, and since when, follows from the category of its status.
    used = row.leads.filter(LIVE).count()
    if used:
        raise Conflict(f"{used} leads have this status: its category stays.", count=used)
    refuse_needed_status(row, before["category"], actor)


def refuse_needed_status(status: LeadStatus, category: str, actor: Actor) -> None:
    """Refuse to go on if a status is the last of a category that a company always has.

    :raises Conflict: if it is.
    """
    alike = LeadStatus.objects.visible_to(actor).filter(category=category).exclude(pk=status.pk)
    if category in NEEDED_CATEGORIES and not alike.exists():
        raise Conflict("A company keeps a status for won and one for lost leads.")


@transaction.atomic
def reorder_lookups(model: type[Lookup], keys: Sequence[object], *, actor: Actor) -> list[Lookup]:
    """Put the statuses, or the lost reasons, of a company in an order.

    :param keys: all of them, each once.
    :raises NotFound: if a key names nothing that exists for the actor.
    :raises ValidationError: if one is missing, or named twice.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    lock_company(actor.company_id)
    rows: Any = model._default_manager
    return reorder(rows.visible_to(actor), keys, actor=actor, argument="ids")
