"""E-mails that members write to customers: in their own mail program, and on the timeline.

The product sends no e-mail to customers (docs/mail.md): it knows the addresses, refuses to write to people
who do not want it, and gets the e-mail back as a copy, or has it written down.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from crm.actors import Action, Actor
from crm.models import Activity, ActivityKind
from crm.models.activity_kinds import Direction
from crm.services.activities import create_activity
from leads.mail.addresses import receiver_address
from leads.models import Lead, LeadReceiver
from leads.models.receivers import ReceiverKind
from people.models import Person


def person_of(record: Lead | Person) -> Person | None:
    """Return the person whom an e-mail about a record is for, if there is one."""
    person = record if isinstance(record, Person) else record.person
    return person if person is not None and person.deleted_at is None else None


def addresses_of(record: Lead | Person) -> list[str]:
    """Return the e-mail addresses of a lead and its person, or of a person, each once."""
    person = person_of(record)
    found = [record.email]
    if person is not None:
        found.append(person.email)
        contacts = person.contacts.select_related("type").order_by("weight", "pk")
        found += [each.value for each in contacts if each.type.is_email]
    by_spelling = {each.casefold(): each for each in reversed(found) if each}
    return [*reversed(by_spelling.values())]


def refuse_unwanted(record: Lead | Person) -> None:
    """Refuse to write to a person who does not want it.

    :raises ValidationError: if the person of a record does not want to be contacted.
    """
    person = person_of(record)
    if person is not None and person.do_not_contact:
        words = gettext("%(person)s does not want to be contacted: no e-mail may be written.")
        raise ValidationError(words % {"person": person})


def copy_address(actor: Actor) -> str | None:
    """Return the address that puts a copy of an e-mail on the timeline; None if there is none."""
    receivers: Any = LeadReceiver.objects.visible_to(actor).filter(kind=ReceiverKind.MAIL, is_active=True)
    receiver = receivers.order_by("pk").first()
    return None if receiver is None else receiver_address(receiver.uuid)


def log_mail(record: Any, subject: str, text: str, *, actor: Actor) -> Activity:
    """Write an e-mail down that the actor has sent.

    :raises ValidationError: if the person of the record does not want to be contacted.
    """
    actor.require(Action.CHANGE_ACTIVITIES)
    refuse_unwanted(record)
    person = person_of(record)
    others: Sequence[object] = [person.pk] if isinstance(record, Lead) and person is not None else []
    return create_activity(
        {
            "entity_type": record.entity_kind,
            "entity_id": record.pk,
            "kind": ActivityKind.EMAIL,
            "subject": subject,
            "text": text,
            "direction": Direction.OUT,
            "people_participants_id": others,
        },
        actor=actor,
    )
