"""Leave out of a row of an import what its lead has already."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db.models import QuerySet

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.services.unchanged import OF_EVERY_RECORD, Check, column, new_values
from leads.models import Lead
from leads.models.deal_value import READERS
from leads.services.lead_input import TEXTS
from people.services.organizations import known_by_name
from people.services.person_organizations import is_linked_ahead


def with_lists(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Read leads with what they are compared by."""
    return leads.prefetch_related("tags")


def new_values_of_lead(lead: Lead, values: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Return the values without those that a lead surely has."""
    checks: dict[str, Check] = {**_OF_LEAD, "organization": partial(_has_organization, actor=actor)}
    return new_values(lead, values, checks, together=_TOGETHER)


def _has_organization(lead: Lead, values: Any, *, actor: Actor) -> bool:
    if not isinstance(values, Mapping) or values.keys() != {"name"}:
        return False
    organization = known_by_name(values["name"], actor=actor)
    if organization is None or organization.pk != lead.organization_id:
        return False
    # The person of a lead belongs to its organization.
    return lead.person_id is None or is_linked_ahead(lead.person_id, organization.pk, actor)


def _refers_by(attribute: str) -> Check:
    return lambda lead, value: value is not None and parse_id(value) == getattr(lead, attribute)


def _reads_as(name: str, read: Callable[[object], Any]) -> Check:
    def is_same(lead: Lead, value: object) -> bool:
        try:
            return value is not None and bool(read(value) == getattr(lead, name))
        except ValueError:
            return False

    return is_same


_TOGETHER = (
    ("people_id", "organization", "organization_id"),
    ("amount", "currency"),
    ("status_id", "closed_at", "lost_reason_id", "reason_lost"),
    ("pipeline_id", "pipeline_stage_id"),
)
_OF_LEAD: Mapping[str, Check] = {
    **OF_EVERY_RECORD,
    **{name: column(name) for name in ("title", *TEXTS)},
    **{name: _reads_as(name, read) for name, read in READERS.items()},
    "people_id": _refers_by("person_id"),
    "organization_id": _refers_by("organization_id"),
    "leads_owner_id": _refers_by("owner_id"),
    "pipeline_id": _refers_by("pipeline_id"),
    "pipeline_stage_id": _refers_by("stage_id"),
    **{f"{name}_id": _refers_by(f"{name}_id") for name in ("status", "type", "source", "lost_reason")},
    "closed_at": lambda lead, value: value == lead.closed_at,
    # Of a new lead alone.
    "stage_changed_at": lambda lead, value: True,
}
