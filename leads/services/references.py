"""What the ids in a lead's input stand for."""

from typing import Any

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.models import User
from crm.services import nesting
from crm.services.custom_fields import CustomFieldValues
from crm.services.file_links import FileRelations
from crm.services.saving import is_none_given
from crm.services.tags import TagValues
from leads.models import Lead, LeadLostReason
from leads.services.nested_records import find_or_create_organization, find_or_create_person
from leads.services.referenced_rows import ReferencedRows
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues

#: The keys that say where a lead is.
PLACES = ("pipeline_stage_id", "pipeline_id", "pipelines_id")


class LeadValues(FileRelations, total=False):
    """What a client may say of a lead; an absent key is left as it is."""

    company_id: object
    title: str | None
    firstname: str | None
    lastname: str | None
    email: str | None
    phone: str | None
    description: str | None
    reason_lost: str | None
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


def resolve(lead: Lead, values: LeadValues, referenced: ReferencedRows, *, actor: Actor) -> None:
    """Set a lead's relations to the rows that its input names, and those of a new one to the defaults.

    :param referenced: made of the same values.

    :raises NotFound: naming the key, if a row does not exist for the actor.
    :raises ValidationError: if two keys contradict each other.
    """
    _resolve_person(lead, values, referenced, actor)
    _resolve_organization(lead, values, referenced, actor)
    _resolve_stage(lead, values, referenced)
    given: dict[str, Any] = dict(values)
    for attribute in ("receiver", "status", "type", "source"):
        key = f"{attribute}_id"
        if key not in given:
            continue
        if not is_none_given(given[key]):
            setattr(lead, attribute, referenced.find(key))
        elif attribute != "status":
            setattr(lead, attribute, None)
        elif given[key] is None and not lead._state.adding:
            raise ValidationError({key: ["A lead has a status."]})
    if "lost_reason_id" in values:
        lead.lost_reason = find_lost_reason(lead, values["lost_reason_id"], referenced)
    if "leads_owner_id" in values:
        lead.owner = _find_owner(values["leads_owner_id"], referenced)
    if lead.status_id is None:
        default = referenced.first("default_status")
        if default is not None:
            lead.status = default


def find_lost_reason(lead: Lead, key: object, referenced: ReferencedRows) -> LeadLostReason | None:
    """Give the reason that a lead is lost for, or None for none.

    :raises NotFound: if no such reason exists for the actor.
    :raises ValidationError: if it is not given any more, and the lead does not have it already.
    """
    if is_none_given(key):
        return None
    reason: LeadLostReason = referenced.find("lost_reason_id")
    if not reason.is_active and reason.pk != lead.lost_reason_id:
        raise ValidationError({"lost_reason_id": ["This reason is not given any more."]})
    return reason


def _find_owner(key: object, referenced: ReferencedRows) -> User | None:
    if is_none_given(key):
        return None
    user: User = referenced.find("leads_owner_id")
    _refuse_unless(referenced.may_own(user))
    return user


def check_owner(user_id: int, *, actor: Actor) -> None:
    """Refuse an owner who is not an active member above viewer.

    :raises ValidationError: keyed ``leads_owner_id``.
    """
    _refuse_unless(User.objects.assignable_in(actor.company_id).filter(pk=user_id).exists())


def _refuse_unless(may_own: bool) -> None:
    if not may_own:
        raise ValidationError({"leads_owner_id": ["An owner is an active member who is not a viewer."]})


def _resolve_stage(lead: Lead, values: LeadValues, referenced: ReferencedRows) -> None:
    given: dict[str, Any] = {name: key for name, key in values.items() if name in PLACES}
    named = {name: key for name, key in given.items() if not is_none_given(key)}
    if given and not named and None in given.values() and not lead._state.adding:
        raise ValidationError({name: ["A lead is always in a stage."] for name in given})
    stage_key = named.pop("pipeline_stage_id", None)
    pipelines = {name: referenced.find(name) for name in named}
    if len(set(pipelines.values())) > 1:
        raise ValidationError({"pipeline_id": ["pipeline_id and pipelines_id name different pipelines."]})
    argument, pipeline = next(iter(pipelines.items()), ("pipeline_id", None))
    if stage_key is not None:
        lead.stage = referenced.find("pipeline_stage_id")
        if pipeline is not None and lead.stage.pipeline_id != pipeline.pk:
            raise ValidationError({"pipeline_stage_id": ["This stage belongs to another pipeline."]})
    elif pipeline is not None and lead.pipeline_id != pipeline.pk:
        # A pipeline alone means its first stage.
        entry = referenced.first(f"entry_of_{argument}")
        if entry is None:
            raise ValidationError({argument: ["This pipeline has no stages."]})
        lead.stage = entry
    elif lead.stage_id is None and referenced.first("default_stage") is not None:
        lead.stage = referenced.first("default_stage")


def _resolve_person(lead: Lead, values: LeadValues, referenced: ReferencedRows, actor: Actor) -> None:
    nested = values.get("people")
    key = values.get("people_id")
    if nested is not None and not is_none_given(key):
        raise ValidationError({"people_id": ["Give people_id or people, not both."]})
    if nested is not None:
        with nesting.within("people"):
            lead.person = find_or_create_person(nested, actor=actor)
    elif "people_id" in values:
        lead.person = None if is_none_given(key) else referenced.find("people_id")


def _resolve_organization(lead: Lead, values: LeadValues, referenced: ReferencedRows, actor: Actor) -> None:
    nested = values.get("organization")
    key = values.get("organization_id")
    if nested is not None and not is_none_given(key):
        raise ValidationError({"organization_id": ["Give organization_id or organization, not both."]})
    if nested is not None:
        with nesting.within("organization"):
            lead.organization = find_or_create_organization(nested, actor=actor)
        if lead.person is not None:
            lead.person.organizations.add(lead.organization)
    elif "organization_id" in values:
        lead.organization = None if is_none_given(key) else referenced.find("organization_id")


def take_from_receiver(lead: Lead, values: LeadValues, referenced: ReferencedRows) -> None:
    """Give a new lead its receiver, and from it what the input leaves open of type and source."""
    receiver = lead.receiver if "receiver_id" in values else referenced.first("default_receiver")
    lead.receiver = receiver
    if receiver is not None:
        lead.type = lead.type or (None if "type_id" in values else receiver.type)
        lead.source = lead.source or (None if "source_id" in values else receiver.source)
