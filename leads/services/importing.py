"""Store one lead of an import; the policy decides about one that exists."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from crm.actors import Actor
from crm.models import DuplicatePolicy
from crm.records.row_import import Imported
from crm.services import external_ids, importing
from crm.services.saving import is_none_given
from leads.models import Lead
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, save_lead, update_lead

#: The columns of the keys of an input that are called otherwise.
COLUMNS = {
    "people_id": "person_id",
    "people": "person_id",
    "leads_owner_id": "owner_id",
    "pipelines_id": "pipeline_id",
    "pipeline_stage_id": "stage_id",
}


def match_lead(values: LeadValues, *, actor: Actor) -> tuple[Lead, str] | None:
    """Return the lead that the values mean, and by what it was found.

    By its id, else by its external id: nothing else tells one deal from another.
    """
    key = cast(Mapping[str, Any], values).get("id")
    if not is_none_given(key):
        return Lead.objects.find(actor, key), "ID"
    same = external_ids.find(Lead, values, actor=actor)
    return None if same is None else (same, "EXTERNAL_ID")


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
        update=partial(_extend, actor=actor),
        only_missing=_only_missing,
        known=known,
    )


def _only_missing(lead: Lead, values: Mapping[str, Any]) -> dict[str, Any]:
    missing = importing.only_missing_columns(lead, values, columns=COLUMNS)
    # A lead has a status always, with which it is open or was closed.
    missing.pop("closed_at", None)
    return missing


def _extend(lead: Lead, values: Mapping[str, Any], *, actor: Actor) -> tuple[Lead, Mapping[str, Any]]:
    """Change the given fields of a lead, and add tags; return the lead, and its tags before.

    A lead that the values do not name by our own id keeps the external id that it has.
    """
    is_named = not is_none_given(values.get("id"))
    given = dict(values) if is_named else external_ids.kept(lead, values)
    given.pop("id", None)
    lists: dict[str, Any] = {}
    if "tags" in given:
        kept = [{"name": tag.name, "tag": tag} for tag in lead.tags.all()]
        lists["tags"] = [{"name": tag["name"]} for tag in kept]
        given["tags"] = [*kept, *(given["tags"] or [])]
    # Somebody who may own no lead any more keeps those of before.
    if given.get("leads_owner_id") == lead.owner_id:
        given.pop("leads_owner_id", None)
    return update_lead(lead.pk, cast(LeadValues, given), actor=actor), lists


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
