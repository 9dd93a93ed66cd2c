"""Store one lead of an import; the policy decides about one that exists."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db.models import QuerySet

from crm.actors import Actor
from crm.models import DuplicatePolicy
from crm.records.row_import import Imported
from crm.services import importing
from crm.texts import single_line
from leads.models import Lead
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, save_lead
from leads.services.unchanged import new_values_of_lead
from leads.services.upserting import extend_lead, match_lead

#: The columns of the keys of an input that are called otherwise.
COLUMNS = {
    "people_id": "person_id",
    "people": "person_id",
    "leads_owner_id": "owner_id",
    "pipelines_id": "pipeline_id",
    "pipeline_stage_id": "stage_id",
}


def import_lead(
    values: LeadValues, *, policy: DuplicatePolicy, actor: Actor, known: int | None = None
) -> Imported:
    """Store a lead as ``crm.services.importing`` says."""
    return importing.import_record(
        values,
        model=Lead,
        policy=policy,
        actor=actor,
        match=partial(match_lead, actor=actor),
        create=partial(create_lead, actor=actor),
        update=partial(extend_lead, actor=actor),
        only_missing=_only_missing,
        new_values=partial(new_values_of_lead, actor=actor),
        known=known,
    )


def _only_missing(lead: Lead, values: Mapping[str, Any]) -> dict[str, Any]:
    missing = importing.only_missing_columns(lead, values, columns=COLUMNS)
    # A lead has a status always, with which it is open or was closed.
    missing.pop("closed_at", None)
    return missing


def restore_lead(
    key: int,
    columns: Mapping[str, Any],
    lists: Mapping[str, Any],
    *,
    actor: Actor,
    expected_version: int | None,
) -> int:
    """Restore the previous columns and tags of a lead; return its new version."""

    def save(lead: Lead, *, values: LeadValues, before: object, **options: Any) -> Lead:
        return save_lead(lead, values=values, **options)

    return importing.restore_record(
        Lead, key, columns, lists, actor=actor, expected_version=expected_version, save=save
    )


def find_leads(text: str, actor: Actor) -> QuerySet[Lead]:
    """Return the visible leads with a title, with which a file of other rows names them."""
    return Lead.objects.visible_to(actor).filter(title=single_line(text))
