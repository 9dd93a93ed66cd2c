"""What a payload makes of a lead: from the draft of it to the lead, or to the reasons against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from crm.actors import Action, Actor, Door, system_actor
from crm.errors import CrmError
from leads.models import Lead, LeadReceiver, ReceiverAttempt
from leads.routing.credentials import is_credential, without_credentials
from leads.routing.drafts import CELLPHONE_TYPE, EMAIL_TYPE, PHONE_TYPE, Draft
from leads.routing.plain import plain_draft
from leads.routing.template import compile_template, map_payload
from leads.services.leads import create_lead
from leads.services.references import LeadValues
from people.models import ContactKind, ContactType

#: What templates and payloads call the contact types that all companies share.
TYPE_NUMBERS: dict[str, int] = {
    ContactKind.EMAIL: EMAIL_TYPE,
    ContactKind.PHONE: PHONE_TYPE,
    ContactKind.CELLPHONE: CELLPHONE_TYPE,
}

Payload = Mapping[str, Any]
Errors = dict[str, list[str]]


def make_lead(receiver: LeadReceiver, payload: Payload, *, attempt: ReceiverAttempt | None = None) -> Lead:
    """Make the lead of a payload, as the receiver maps it.

    :param attempt: the delivery that the payload is of.
    :raises ValidationError: or a domain error, if the mapping or a rule of leads refuses it.
    """
    draft = draft_of(receiver, payload)
    actor = system_actor(receiver.company_id, door=Door.WEBHOOK, via=receiver.name)
    values = lead_values(draft, receiver)
    return create_lead(values, actor=actor, member_id=draft.member_id, attempt=attempt)


def draft_of(receiver: LeadReceiver, payload: Payload) -> Draft:
    """Give what a payload says the lead is to be, by the receiver's template if it has one.

    :raises ValidationError: if the template or one of its patterns cannot be used.
    """
    skip = {key for key in payload if is_credential(key) or key == receiver.honeypot}
    if receiver.template is None:
        return plain_draft(payload, skip=skip)
    return map_payload(payload, compile_template(receiver.template), skip=skip)


def lead_values(draft: Draft, receiver: LeadReceiver) -> LeadValues:
    """Give a draft as the service that makes leads takes it."""
    values: LeadValues = {"receiver_id": receiver.pk, "title": draft.title_or(receiver.name)}
    if draft.description:
        values["description"] = draft.description
    if draft.reason_lost:
        values["reason_lost"] = draft.reason_lost
    # As they were given in this request, whatever is known of the person.
    if draft.firstname:
        values["firstname"] = draft.firstname
    if draft.lastname:
        values["lastname"] = draft.lastname
    if draft.email:
        values["email"] = draft.email
    if draft.phone:
        values["phone"] = draft.phone
    person: Any = draft.described_person()
    if person is not None:
        values["people"] = person | ({"contacts": _contacts(person)} if person.get("contacts") else {})
    organization: Any = draft.organization
    if organization is not None:
        values["organization"] = organization
    values["custom_fields"] = [{"name": name, "value": value} for name, value in draft.custom_fields.items()]
    return values


def _contacts(person: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the contacts with the ids that the types of all companies have here."""
    shared = ContactType.objects.filter(company=None).values_list("kind", "pk")
    ids = {str(number): pk for kind, pk in shared if (number := TYPE_NUMBERS.get(kind)) is not None}
    return [
        {
            **contact,
            "contacts_types_id": ids.get(str(contact["contacts_types_id"]), contact["contacts_types_id"]),
        }
        for contact in person["contacts"]
    ]


def errors_of(refused: ValidationError | CrmError) -> Errors:
    """Give a refusal by what it is about."""
    if isinstance(refused, CrmError):
        return {str(refused.details.get("argument", refused.code.lower())): [refused.message]}
    if not hasattr(refused, "error_dict"):
        return {"lead": list(refused.messages)}
    return {
        "lead" if name == NON_FIELD_ERRORS else name: list(messages)
        for name, messages in refused.message_dict.items()
    }


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would become of a payload."""

    draft: dict[str, Any]
    errors: Errors | None


@transaction.atomic
def try_payload(receiver_key: object, payload: Any, *, actor: Actor) -> Trial:
    """Show what a receiver makes of a payload, and what would be refused; nothing is written.

    :raises NotFound: if the receiver does not exist for the actor.
    :raises ValidationError: if the payload is not an object.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = LeadReceiver.objects.find(actor, receiver_key)
    if not isinstance(payload, dict):
        raise ValidationError({"payload": ["A payload is an object."]})
    kept = without_credentials(payload)
    shown: dict[str, Any] = {}
    try:
        with transaction.atomic():
            shown = dict(lead_values(draft_of(receiver, kept), receiver))
            make_lead(receiver, kept)
            transaction.set_rollback(True)
    except (ValidationError, CrmError) as refused:
        return Trial(draft=shown, errors=errors_of(refused))
    return Trial(draft=shown, errors=None)
