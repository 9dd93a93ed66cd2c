"""Create, change and order the small lists of a company, some of which have one default row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, TypeVar, cast

from django.db import transaction
from django.db.models import Model

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.models.base import TenantQuerySet
from crm.models.lifecycle import LIVE
from crm.services import locking, saving
from crm.services.locking import lock_company
from crm.services.replacing import reorder
from leads.models import LeadLostReason, LeadReceiver, LeadSource, LeadStatus, LeadType, StatusCategory
from people.models import PeopleRelationship

Lookup = TypeVar("Lookup", LeadStatus, LeadType, LeadSource, LeadLostReason, LeadReceiver, PeopleRelationship)
Row = TypeVar("Row", bound=Model)

#: The categories of which a company must keep a status: without one no lead could be won or lost.
KEPT_CATEGORIES = (StatusCategory.WON, StatusCategory.LOST)


class LookupValues(TypedDict, total=False):
    companies_id: object
    name: str | None
    description: str | None
    category: str | None
    is_default: bool | None
    is_active: bool | None
    weight: int | None
    leads_types_id: object


class Fields(NamedTuple):
    """The columns of a model that a client may set: ``required`` ones are never null."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


FIELDS: Mapping[type[Model], Fields] = {
    LeadStatus: Fields(required=("name", "category", "is_default", "weight")),
    LeadType: Fields(required=("name", "is_active"), optional=("description",)),
    LeadSource: Fields(required=("name", "is_active"), optional=("description",)),
    LeadLostReason: Fields(required=("name", "is_active", "weight")),
    PeopleRelationship: Fields(required=("name",), optional=("description",)),
}


@saving.retried
def create_lookup(model: type[Lookup], values: LookupValues, *, actor: Actor) -> Lookup:
    actor.require(Action.CHANGE_LOOKUPS)
    row = model(company_id=actor.company_id)
    _assign(row, values, actor)
    return save_lookup(row, actor=actor)


@saving.retried
@transaction.atomic
def update_lookup(model: type[Lookup], key: object, values: LookupValues, *, actor: Actor) -> Lookup:
    actor.require(Action.CHANGE_LOOKUPS)
    if values.get("is_default"):
        # Before the row: a new lead may hold the company and wait for the row.
        lock_company(actor.company_id)
    row = locking.lock(model, actor, key)
    before = locking.column_values(row)
    _assign(row, values, actor)
    return save_lookup(row, actor=actor, before=before)


def _assign(row: Model, values: LookupValues, actor: Actor) -> None:
    saving.check_current_company(values.get("companies_id"), actor, argument="companies_id")
    assign_fields(row, values, FIELDS[type(row)])
    if isinstance(row, LeadSource) and "leads_types_id" in values:
        row.type = find_optional(LeadType, values["leads_types_id"], actor=actor, argument="leads_types_id")


def assign_fields(row: Model, values: Mapping[str, object], fields: Fields) -> None:
    saving.refuse_null(values, fields.required)
    for name in (*fields.required, *fields.optional):
        if name in values:
            setattr(row, name, values[name])


def find_optional(model: type[Row], key: object, *, actor: Actor, argument: str) -> Row | None:
    """Return the visible row that an argument of the input refers to, or None for none."""
    if saving.is_none_given(key):
        return None
    return cast(TenantQuerySet[Row], model._default_manager.all()).find(actor, key, argument=argument)


@saving.retried
@transaction.atomic
def save_lookup(row: Lookup, *, actor: Actor, before: Mapping[str, Any] | None = None) -> Lookup:
    """Validate and store a row of a small list; a new default takes the place of the one before.

    :param before: the columns as they are stored and locked.
    :raises Conflict: if the company would lose its default, or a category that it needs or uses.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if not row._state.adding and before is None:
        if getattr(row, "is_default", False):
            lock_company(actor.company_id)
        before = locking.stored_values(row, actor)
    if before is not None and isinstance(row, LeadStatus):
        _check_category(row, before["category"], actor)
    if isinstance(row, LeadStatus | LeadReceiver):
        _keep_one_default(row, actor)
    saving.store(row, actor=actor, before=before)
    return row


def _keep_one_default(row: LeadStatus | LeadReceiver, actor: Actor) -> None:
    others = type(row).objects.visible_to(actor).exclude(pk=row.pk).filter(is_default=True)
    if row.is_default:
        # Two defaults that are chosen at the same time wait for each other, and the later one stays.
        lock_company(actor.company_id)
        for other in others.select_for_update(of=("self",)):
            before = locking.column_values(other)
            other.is_default = False
            saving.store(other, actor=actor, before=before)
    # A company needs a default status for new leads. It may have no default receiver.
    elif isinstance(row, LeadStatus) and not others.exists():
        if not row._state.adding:
            raise Conflict(ConflictReason.IN_USE, "Make another status the default instead.")
        row.is_default = True


def _check_category(row: LeadStatus, before: str, actor: Actor) -> None:
    if before == row.category:
        return
    # Whether a lead is closed, and since when, follows from the category, and is stored with the lead.
    used = row.leads.filter(LIVE).count()
    if used:
        raise Conflict(
            ConflictReason.IN_USE,
            f"{used} leads have this status, so its category cannot change.",
            count=used,
        )
    check_not_last_of_category(row, before, actor)


def check_not_last_of_category(status: LeadStatus, category: str, actor: Actor) -> None:
    """Refuse to lose the last status of a category of which a company must keep one."""
    others = LeadStatus.objects.visible_to(actor).filter(category=category).exclude(pk=status.pk)
    if category in KEPT_CATEGORIES and not others.exists():
        raise Conflict(
            ConflictReason.IN_USE, "A company must keep one status for won and one for lost leads."
        )


@transaction.atomic
def reorder_lookups(model: type[Lookup], keys: Sequence[object], *, actor: Actor) -> list[Lookup]:
    """Store the order of all statuses, or of all lost reasons, of a company."""
    actor.require(Action.CHANGE_LOOKUPS)
    # Two orders that are stored at the same time wait for each other: the later one stays whole.
    lock_company(actor.company_id)
    rows = model._default_manager.all().visible_to(actor)
    return reorder(rows, keys, actor=actor, argument="ids")
