"""Take the amounts of stored leads over from a custom field that stood for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import NotFound
from crm.services import locking
from leads.models import Lead
from leads.services.deal_values import amount_in_custom_fields
from leads.services.leads import update_lead

#: Leads whose custom fields are read at once.
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """What became of one lead: the amount that it takes over, or why its value is none."""

    lead_id: int
    amount: Decimal | None = None
    refusal: str | None = None


def adopt_amounts(name: str, *, actor: Actor, dry_run: bool = False) -> Iterator[Adoption]:
    """Set the amount of each live lead that has none from a custom field; the custom field stays.

    Each lead is changed alone, with its version, history and event, so a run that was stopped is resumed by
    another one. A lead whose custom field is absent or empty is passed over.

    :param name: of the custom field.
    :param dry_run: tell what would be done, and change nothing.
    """
    actor.require(Action.CHANGE_LEADS)
    for lead_id, custom_fields in _without_amount(actor):
        try:
            amount = amount_in_custom_fields(custom_fields, name)
            if amount is not None and not dry_run:
                amount = _adopt(lead_id, name, actor=actor)
        except (ValueError, ValidationError) as refused:
            yield Adoption(lead_id=lead_id, refusal=_sentence(refused))
        except NotFound:
            # Deleted meanwhile.
            continue
        else:
            if amount is not None:
                yield Adoption(lead_id=lead_id, amount=amount)


def _without_amount(actor: Actor) -> Iterator[tuple[int, dict[str, object]]]:
    rows = Lead.objects.visible_to(actor).filter(amount__isnull=True).exclude(custom_fields={})
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "custom_fields")[:BATCH]):
        yield from batch
        last = batch[-1][0]


@transaction.atomic
def _adopt(lead_id: int, name: str, *, actor: Actor) -> Decimal | None:
    # Read again under the lock: somebody may have given the lead an amount meanwhile.
    lead = locking.lock(Lead, actor, lead_id)
    amount = None if lead.amount is not None else amount_in_custom_fields(lead.custom_fields, name)
    if amount is not None:
        update_lead(lead_id, {"amount": amount}, actor=actor)
    return amount


def _sentence(refused: ValueError | ValidationError) -> str:
    return " ".join(refused.messages) if isinstance(refused, ValidationError) else str(refused)
