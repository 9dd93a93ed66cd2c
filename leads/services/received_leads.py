"""Make a lead of a payload: draft it, turn the draft into a lead's input, and report why it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm.actors import Action, Actor, Door, system_actor
from crm.errors import CrmError
from leads.models import Lead, LeadReceiver, ReceiverAttempt
from leads.routing.credentials import is_credential, without_credentials
from leads.routing.drafts import CELLPHONE_TYPE, EMAIL_TYPE, PHONE_TYPE, Details, Draft, Payload
from leads.routing.leftovers import normalized_payload
from leads.routing.plain import plain_draft
from leads.routing.template import compile_template, map_payload
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead
from leads.services.received_contacts import set_aside_faults
from people.models import ContactKind, ContactType
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues

#: The numbers by which templates and payloads name the contact types that all companies share.
TYPE_NUMBERS: dict[str, int] = {
    ContactKind.EMAIL: EMAIL_TYPE,
    ContactKind.PHONE: PHONE_TYPE,
    ContactKind.CELLPHONE: CELLPHONE_TYPE,
}

#: The columns of a lead that a draft has too.
TEXTS = ("description", "reason_lost", "firstname", "lastname", "email", "phone")

Errors = dict[str, list[str]]


def make_lead(receiver: LeadReceiver, payload: Payload, *, attempt: ReceiverAttempt | None = None) -> Lead:
    """Create the lead of a payload, as the receiver maps it."""
    draft = draft_of(receiver, payload)
    actor = system_actor(receiver.company_id, door=Door.WEBHOOK, via=receiver.name)
    values = lead_values(draft, receiver)
    return create_lead(values, actor=actor, member_id=draft.member_id, attempt=attempt)


def draft_of(receiver: LeadReceiver, payload: Payload) -> Draft:
    """Draft the lead of a payload, by the receiver's template if it has one."""
    payload = normalized_payload(payload)
    # Neither credentials nor the field that only robots fill in become custom fields.
    skip = {key for key in payload if is_credential(key) or key == receiver.honeypot}
    if receiver.template is None:
        return plain_draft(payload, skip=skip)
    return map_payload(payload, compile_template(receiver.template), skip=skip)


def lead_values(draft: Draft, receiver: LeadReceiver) -> LeadValues:
    """Return the input of ``create_lead`` for a draft."""
    numbered, kinds = _contact_types(draft, receiver)
    set_aside_faults(draft, kinds)
    values: LeadValues = {"receiver_id": receiver.pk, "title": draft.title_or(receiver.name)}
    # The lead keeps name, e-mail and phone as they were sent, also if a stored person has others.
    texts = {name: text for name in TEXTS if (text := getattr(draft, name))}
    values |= cast(LeadValues, texts | draft.deal_value)
    person = draft.described_person()
    if person is not None:
        values["people"] = cast(PersonValues, person | _with_ids(person.get("contacts"), numbered))
    if draft.organization is not None:
        values["organization"] = cast(OrganizationValues, draft.organization)
    values["custom_fields"] = [{"name": name, "value": value} for name, value in draft.custom_fields.items()]
    return values


def _with_ids(contacts: Sequence[Details] | None, ids: Mapping[str, int]) -> Details:
    if not contacts:
        return {}
    numbers = [each["contacts_types_id"] for each in contacts]
    return {
        "contacts": [
            {**each, "contacts_types_id": ids.get(str(number), number)}
            for each, number in zip(contacts, numbers, strict=True)
        ]
    }


def _contact_types(draft: Draft, receiver: LeadReceiver) -> tuple[dict[str, int], dict[str, str]]:
    """Return the ids of the shared types in this database, and the kinds of all, by how drafts name them."""
    if not (draft.contacts or (draft.person or {}).get("contacts")):
        return {}, {}
    ids: dict[str, int] = {}
    kinds: dict[str, str] = {}
    visible = ContactType.objects.filter(Q(company=None) | Q(company_id=receiver.company_id))
    for kind, company_id, pk in visible.values_list("kind", "company_id", "pk"):
        kinds.setdefault(str(pk), kind)
        number = TYPE_NUMBERS.get(kind)
        if company_id is None and number is not None:
            ids[str(number)] = pk
    # A number means the shared type, also where that id is another's.
    return ids, {**kinds, **{str(number): kind for kind, number in TYPE_NUMBERS.items()}}


def errors_of(refused: ValidationError | CrmError) -> Errors:
    """Return the messages of a refusal by the field or argument that they are about."""
    if isinstance(refused, CrmError):
        return {str(refused.details.get("argument", refused.code.lower())): [refused.message]}
    if not hasattr(refused, "error_dict"):
        return {"lead": list(refused.messages)}
    return {
        "lead" if name == NON_FIELD_ERRORS else name: list(messages)
        for name, messages in refused.message_dict.items()
    }


@dataclass(frozen=True, kw_only=True)
class TriedLead:
    """The lead that a trial made before it was taken back, in words."""

    owner: str | None
    #: Why the owner gets it.
    reason: str
    stage: str
    person: str | None
    organization: str | None
    #: Whether they were known before.
    knows_person: bool
    knows_organization: bool


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The draft of a payload, and why its lead would be refused; None if it would not."""

    draft: Details
    errors: Errors | None
    lead: TriedLead | None = None


@transaction.atomic
def try_payload(
    receiver_key: object, payload: object, *, actor: Actor, changes: Mapping[str, Any] | None = None
) -> Trial:
    """Return what a receiver would make of a payload; nothing is written.

    :param changes: values of the receiver that are not stored yet, such as another template.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = LeadReceiver.objects.find(actor, receiver_key)
    for name, value in (changes or {}).items():
        setattr(receiver, name, value)
    if not isinstance(payload, dict):
        raise ValidationError({"payload": ["A payload must be a JSON object."]})
    stored = without_credentials(payload)
    shown: Details = {}
    began = timezone.now()
    try:
        with transaction.atomic():
            shown = dict(lead_values(draft_of(receiver, stored), receiver))
            # Every rule is tried by making the lead in earnest; then it is rolled back.
            tried = _described(make_lead(receiver, stored), began)
            transaction.set_rollback(True)
    except (ValidationError, CrmError) as refused:
        return Trial(draft=shown, errors=errors_of(refused))
    return Trial(draft=shown, errors=None, lead=tried)


def _described(lead: Lead, began: datetime) -> TriedLead:
    person, organization = lead.person, lead.organization
    log = lead.routing_logs.order_by("-pk").first()
    return TriedLead(
        owner=None if lead.owner is None else str(lead.owner),
        reason="" if log is None else log.detail.get("reason", ""),
        stage=str(lead.stage),
        person=None if person is None else str(person),
        organization=None if organization is None else str(organization),
        knows_person=person is not None and person.created_at < began,
        knows_organization=organization is not None and organization.created_at < began,
    )
