"""Create, change and delete the contact types of a company; shared types cannot be changed."""

from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason, Forbidden
from crm.models.texts import stored_name_key
from crm.services import saving
from crm.services.replacing import find_replacement
from people.models import Contact, ContactKind, ContactType
from people.services.person_details import update_contact


class ContactTypeValues(TypedDict, total=False):
    name: str | None


SHARED_CONTACT_TYPES = (
    ("Email", ContactKind.EMAIL),
    ("Phone", ContactKind.PHONE),
    ("Cellphone", ContactKind.CELLPHONE),
)


def ensure_shared_contact_types() -> None:
    """Create the contact types that all companies share, unless they exist.

    In an empty database they get the ids 1 Email, 2 Phone and 3 Cellphone, which clients rely on.
    """
    present = set(ContactType.objects.filter(company=None).values_list("kind", flat=True))
    ContactType.objects.bulk_create(
        ContactType(name=name, kind=kind) for name, kind in SHARED_CONTACT_TYPES if kind not in present
    )


@saving.retried
def create_contact_type(values: ContactTypeValues, *, actor: Actor) -> ContactType:
    contact_type = ContactType(company_id=actor.company_id, name=values.get("name") or "")
    return save_contact_type(contact_type, actor=actor)


@saving.retried
@transaction.atomic
def update_contact_type(key: object, values: ContactTypeValues, *, actor: Actor) -> ContactType:
    contact_type = _own(key, actor)
    contact_type.name = values.get("name") or ""
    return save_contact_type(contact_type, actor=actor)


@saving.retried
@transaction.atomic
def save_contact_type(contact_type: ContactType, *, actor: Actor) -> ContactType:
    """Validate and store a contact type of the actor's own company."""
    actor.require(Action.CHANGE_LOOKUPS)
    if contact_type.company_id != actor.company_id:
        raise Forbidden
    shared = ContactType.objects.filter(company=None, name_key=stored_name_key(contact_type.name))
    if shared.exclude(pk=contact_type.pk).exists():
        raise ValidationError({"name": ["A contact type of this name exists already."]})
    saving.store(contact_type, actor=actor)
    return contact_type


@transaction.atomic
def delete_contact_type(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    contact_type = _own(key, actor)
    replacement = find_replacement(contact_type, replacement_key, actor=actor)
    contacts = Contact.objects.filter(company_id=actor.company_id, type=contact_type).order_by("pk")
    # Contacts of deleted people count too: restoring a person restores them.
    used = contacts.count()
    if used and replacement is None:
        raise Conflict(
            ConflictReason.IN_USE, f"{used} contacts have this type: choose a replacement.", count=used
        )
    if replacement is not None:
        live = contacts.filter(person__deleted_at=None)
        for contact in list(live):
            _give(contact, replacement, actor)
        region = contact_type.company.region if contact_type.company else None
        for contact in contacts.select_related("type"):
            contact.type = replacement
            contact.set_canonical(region)
            contact.save(update_fields=["type", "canonical", "dialled", "updated_at"])
    contact_type.delete()


def _give(contact: Contact, replacement: ContactType, actor: Actor) -> None:
    try:
        update_contact(contact.pk, {"contacts_types_id": replacement.pk}, actor=actor)
    except ValidationError as refused:
        message = (
            f"Contact {contact.pk} ({contact.value}) does not fit this type: {' '.join(refused.messages)}"
        )
        raise ValidationError({"replacement_id": [message]}) from refused


def _own(key: object, actor: Actor) -> ContactType:
    actor.require(Action.CHANGE_LOOKUPS)
    contact_type: ContactType = ContactType.objects.find(actor, key)
    if contact_type.company_id is None:
        raise Forbidden
    return contact_type
