"""The input of a lead, and how it is applied to a lead in memory."""

from datetime import date, datetime
from decimal import Decimal
from typing import cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.models import User
from crm.services import custom_fields, external_ids, nesting
from crm.services.custom_fields import CustomFieldValues
from crm.services.file_links import FileRelations
from crm.services.imported import ImportedValues
from crm.services.saving import is_none_given
from crm.services.tags import TagValues
from leads.models import Lead, LeadLostReason
from leads.services.deal_values import apply_deal_value
from leads.services.nested_records import find_or_create_organization, find_or_create_person
from leads.services.referenced_rows import Keys, ReferencedRows
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues
from people.services.person_organizations import link_organization

TEXTS = ("firstname", "lastname", "email", "phone", "description", "reason_lost")
#: The arguments that place a lead in a stage.
STAGE_ARGUMENTS = ("pipeline_stage_id", "pipeline_id", "pipelines_id")


class LeadValues(FileRelations, ImportedValues, total=False):
    company_id: object
    external_id: str | None
    external_source: str | None
    stage_changed_at: datetime
    closed_at: datetime
    title: str | None
    firstname: str | None
    lastname: str | None
    email: str | None
    phone: str | None
    description: str | None
    reason_lost: str | None
    # As typed values, or as the texts of a file or of a delivery.
    amount: Decimal | str | float | None
    currency: str | None
    expected_close_on: date | str | None
    probability: int | str | None
    people_id: object
    people: PersonValues | None
    organization_id: object
    organization: OrganizationValues | None
    leads_owner_id: object
    receiver_id: object
    status_id: object
    type_id: object
    source_id: object
    lost_reason_id: object
    pipeline_id: object
    pipelines_id: object
    pipeline_stage_id: object
    participants_id: list[object] | None
    tags: list[TagValues] | None
    custom_fields: list[CustomFieldValues] | None


def apply_input(lead: Lead, values: LeadValues, rows: ReferencedRows, *, actor: Actor) -> None:
    """Set the fields that the input names, and the default status and stage of a lead without one.

    Only a nested person or organization reads or writes rows.

    :param rows: fetched for the same values.
    :raises ValidationError: if two arguments contradict each other, or a value breaks a rule.
    """
    given = cast(Keys, values)
    for name in TEXTS:
        if name in given:
            setattr(lead, name, given[name] or None)
    if "title" in values:
        lead.title = values["title"] or ""
    external_ids.assign(lead, given)
    apply_deal_value(lead, given)
    _set_person(lead, values, rows, actor)
    _set_organization(lead, values, rows, actor)
    _set_stage(lead, given, rows)
    _set_lookups(lead, given, rows)
    if "lost_reason_id" in values:
        lead.lost_reason = find_lost_reason(lead, values["lost_reason_id"], rows)
    if "leads_owner_id" in values:
        lead.owner = _find_owner(values["leads_owner_id"], rows)
    if "custom_fields" in values:
        custom_fields.merge(lead, values["custom_fields"])


def _set_lookups(lead: Lead, given: Keys, rows: ReferencedRows) -> None:
    for attribute in ("receiver", "status", "type", "source"):
        argument = f"{attribute}_id"
        if argument not in given:
            continue
        if not is_none_given(given[argument]):
            setattr(lead, attribute, rows.find(argument))
        elif attribute != "status":
            setattr(lead, attribute, None)
        # A new lead gets the default status. Old clients send 0 or an empty text for none: nothing changes.
        elif given[argument] is None and not lead._state.adding:
            raise ValidationError({argument: ["A lead must have a status."]})
    if lead.status_id is None and rows.default_status is not None:
        lead.status = rows.default_status


def find_lost_reason(lead: Lead, key: object, rows: ReferencedRows) -> LeadLostReason | None:
    """Return the lost reason that an input refers to: an active one, or the one that the lead has already."""
    if is_none_given(key):
        return None
    reason: LeadLostReason = rows.find("lost_reason_id")
    if not reason.is_active and reason.pk != lead.lost_reason_id:
        raise ValidationError({"lost_reason_id": ["This reason is inactive: choose an active one."]})
    return reason


def _find_owner(key: object, rows: ReferencedRows) -> User | None:
    if is_none_given(key):
        return None
    user: User = rows.find("leads_owner_id")
    # The annotation that was read with the row: no statement of its own.
    _require_assignable(user.__dict__["may_own"])
    return user


def check_owner(user_id: int, *, actor: Actor) -> None:
    """Refuse an owner who is not an active member above viewer."""
    _require_assignable(User.objects.assignable_in(actor.company_id).filter(pk=user_id).exists())


def _require_assignable(may_own: bool) -> None:
    if not may_own:
        raise ValidationError({"leads_owner_id": ["An owner is an active member who is not a viewer."]})


def _set_stage(lead: Lead, given: Keys, rows: ReferencedRows) -> None:
    placed = {name: given[name] for name in STAGE_ARGUMENTS if name in given}
    named = {name for name, key in placed.items() if not is_none_given(key)}
    if placed and not named and None in placed.values() and not lead._state.adding:
        raise ValidationError({name: ["A lead is always in a stage."] for name in placed})
    # Two spellings of one argument: old clients send ``pipelines_id``.
    pipelines = {name: rows.find(name) for name in ("pipeline_id", "pipelines_id") if name in named}
    if len(set(pipelines.values())) > 1:
        raise ValidationError({"pipeline_id": ["pipeline_id and pipelines_id name different pipelines."]})
    argument, pipeline = next(iter(pipelines.items()), ("pipeline_id", None))
    if "pipeline_stage_id" in named:
        lead.stage = rows.find("pipeline_stage_id")
        if pipeline is not None and lead.stage.pipeline_id != pipeline.pk:
            raise ValidationError({"pipeline_stage_id": ["This stage belongs to another pipeline."]})
    elif pipeline is not None and lead.pipeline_id != pipeline.pk:
        # A pipeline alone means its first stage.
        first = rows.first_stage_of(argument)
        if first is None:
            raise ValidationError({argument: ["This pipeline has no stages."]})
        lead.stage = first
    elif lead.stage_id is None and rows.default_stage is not None:
        lead.stage = rows.default_stage


def _set_person(lead: Lead, values: LeadValues, rows: ReferencedRows, actor: Actor) -> None:
    nested = values.get("people")
    key = values.get("people_id")
    if nested is not None and not is_none_given(key):
        raise ValidationError({"people_id": ["Give people_id or people, not both."]})
    if nested is not None:
        with nesting.within("people"):
            lead.person = find_or_create_person(nested, actor=actor)
    elif "people_id" in values:
        lead.person = None if is_none_given(key) else rows.find("people_id")


def _set_organization(lead: Lead, values: LeadValues, rows: ReferencedRows, actor: Actor) -> None:
    nested = values.get("organization")
    key = values.get("organization_id")
    if nested is not None and not is_none_given(key):
        raise ValidationError({"organization_id": ["Give organization_id or organization, not both."]})
    if nested is not None:
        with nesting.within("organization"):
            lead.organization = find_or_create_organization(nested, actor=actor)
        # A person and an organization that come in one request belong together.
        if lead.person is not None:
            link_organization(lead.person, lead.organization, actor=actor)
    elif "organization_id" in values:
        lead.organization = None if is_none_given(key) else rows.find("organization_id")


def fill_from_receiver(lead: Lead, values: LeadValues, rows: ReferencedRows) -> None:
    """Set the receiver of a new lead, and take type and source from it where the input is silent."""
    receiver = lead.receiver if "receiver_id" in values else rows.default_receiver
    lead.receiver = receiver
    if receiver is not None:
        # A null that is given means none, not the receiver's.
        lead.type = lead.type or (None if "type_id" in values else receiver.type)
        lead.source = lead.source or (None if "source_id" in values else receiver.source)
