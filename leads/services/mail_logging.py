"""Logs an e-mail at the people whom it matches and at their open leads, once in a company."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction

from crm.actors import Actor, Door, system_actor
from crm.emails import canonical_email
from crm.models import Direction, Filesystem, User
from crm.models.records import Record
from crm.records.registry import record_kind
from crm.services import locking
from crm.services.files import store_file
from leads.mail.addresses import is_own
from leads.mail.bounds import OutOfBounds, too_large
from leads.mail.headers import Address
from leads.mail.parsing import Attachment, Mail, parse_mail
from leads.models import AttemptStatus, Lead, LeadReceiver, LoggedMail, ReceivedMail, ReceiverAttempt
from leads.services.mail_activities import LoggedText, log_email
from leads.services.received_leads import Errors, make_lead
from people.models import Person
from people.services.matching import people_by_email

MOST_PEOPLE = 20
MOST_LEADS = 20
MOST_FILES = 20
LONGEST_TITLE = 255
#: The line above the part of the text that quotes earlier messages: programs fold what is below.
QUOTE_MARK = "----- Quoted text -----"
WITHOUT_TEXT = "(The message has no text.)"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a message, and the lead that it made, if it made one."""

    status: AttemptStatus
    errors: Errors | None = None
    lead: Lead | None = None


def message_key(mail: Mail) -> str:
    """Return by what copies of a message are one: its Message-ID, or what it says if it has none."""
    return hashlib.sha256((mail.message_id or f"content {mail.fingerprint}").encode()).hexdigest()


def log_mail(attempt: ReceiverAttempt, receiver: LeadReceiver, *, is_wanted: bool = False) -> Outcome:
    """Log the message of an attempt, in the transaction of the caller.

    :param is_wanted: whether a person asks for it although a program sent it.
    :raises ValidationError: if it cannot be read.
    """
    stored = ReceivedMail.objects.get(attempt=attempt)
    if stored.is_cut:
        raise ValidationError({"message": [too_large(stored.size)]})
    try:
        mail = parse_mail(bytes(stored.raw), received_at=attempt.created_at)
    except OutOfBounds as refused:
        raise ValidationError({"message": [str(refused)]}) from refused
    if mail.automatic is not None and not is_wanted:
        return _ignored(f"A program sent it ({mail.automatic}): it is kept and not logged.")
    if any(is_own(sender.email) for sender in mail.senders):
        return _ignored("It comes from the address of a receiver: a loop.")
    return _Logging(attempt, receiver, mail).run()


def _ignored(reason: str) -> Outcome:
    return Outcome(status=AttemptStatus.IGNORED, errors={"message": [reason]})


class _Logging:
    """The steps by which one message is logged, and what they find."""

    def __init__(self, attempt: ReceiverAttempt, receiver: LeadReceiver, mail: Mail) -> None:
        self.attempt, self.receiver, self.mail = attempt, receiver, mail
        self.actor: Actor = system_actor(receiver.company_id, door=Door.WEBHOOK, via=receiver.name)
        self.members = _members_by_email(mail, receiver.company_id)
        self.is_from_member = any(_key(each) in self.members for each in mail.senders)

    def run(self) -> Outcome:
        people = self._people()
        leads = self._open_leads(people)
        made = self._make_lead(people, leads)
        if made is not None:
            leads = [made]
            people = list({each.pk: each for each in (*people, made.person) if each is not None}.values())
        if not people and not leads:
            listed = ", ".join(dict.fromkeys(each.email for each in self._others())) or "no address"
            reason = f"Nobody has an address of the message ({listed}). Replay it once a person has."
            return Outcome(status=AttemptStatus.UNMATCHED, errors={"message": [reason]})
        if not self._claim():
            return _ignored("This message was logged before.")
        self._log(people, leads)
        return Outcome(status=AttemptStatus.PROCESSED, lead=made)

    def _others(self) -> list[Address]:
        """Return senders and recipients who are neither members nor receivers."""
        everybody = (*self.mail.senders, *self.mail.recipients)
        return [each for each in everybody if _key(each) not in self.members and not is_own(each.email)]

    def _people(self) -> list[Person]:
        found = people_by_email([each.email for each in self._others()], actor=self.actor)
        return sorted(found.values(), key=lambda person: person.pk)[:MOST_PEOPLE]

    def _open_leads(self, people: Sequence[Person]) -> list[Lead]:
        leads = Lead.objects.visible_to(self.actor).open().filter(person__in=people)
        return sorted(leads.order_by("-pk")[:MOST_LEADS], key=lambda lead: lead.pk)

    def _make_lead(self, people: Sequence[Person], leads: Sequence[Lead]) -> Lead | None:
        sender = self.mail.sender
        if not self.receiver.creates_leads or self.is_from_member or sender is None:
            return None
        same = people_by_email([sender.email], actor=self.actor)
        if any(lead.person_id in {person.pk for person in same.values()} for lead in leads):
            return None
        # In the same words as a form on a web site, so a template of the receiver maps them.
        first, _, last = sender.name.rpartition(" ")
        payload = {
            "title": self.mail.subject[:LONGEST_TITLE],
            "firstname": first or last or sender.email.partition("@")[0],
            "lastname": last if first else "",
            "email": sender.email,
            "description": self.mail.text,
        }
        return make_lead(
            self.receiver, {name: text for name, text in payload.items() if text}, attempt=self.attempt
        )

    def _claim(self) -> bool:
        """Note that the message is logged; return false if it was before, also at this moment by another."""
        key = message_key(self.mail)
        row = LoggedMail(company_id=self.receiver.company_id, key=key, attempt=self.attempt)
        LoggedMail.objects.bulk_create([row], ignore_conflicts=True)
        return LoggedMail.objects.filter(
            company_id=self.receiver.company_id, key=key, attempt=self.attempt
        ).exists()

    def _log(self, people: Sequence[Person], leads: Sequence[Lead]) -> None:
        # Everything that follows is locked here first, in one order: the quota of files comes last.
        records: list[Record] = [
            *(locking.lock(Person, self.actor, person.pk) for person in people),
            *(locking.lock(Lead, self.actor, lead.pk) for lead in leads),
        ]
        files, refused = self._store_files()
        said = self._said(people, refused)
        for record in records:
            log_email(record, said, actor=self.actor)
            if files:
                values = {"files": [{"row": file} for file in files]}
                record_kind(record.entity_kind).update(record.pk, values, actor=self.actor)

    def _store_files(self) -> tuple[list[Filesystem], list[str]]:
        """Store the attachments; return them, and a line for each that is refused: it costs no message."""
        files, refused = [], []
        for attachment in self.mail.attachments[:MOST_FILES]:
            try:
                files.append(self._store_file(attachment))
            except ValidationError as fault:
                refused.append(f"Not stored: {attachment.name} ({' '.join(fault.messages)})")
        if len(self.mail.attachments) > MOST_FILES:
            refused.append(f"Not stored: {len(self.mail.attachments) - MOST_FILES} more files")
        return files, refused

    def _store_file(self, attachment: Attachment) -> Filesystem:
        upload = ContentFile(attachment.content, name=attachment.name)
        with transaction.atomic():
            return store_file(upload, actor=self.actor, attributes={"message_id": self.mail.message_id})

    def _said(self, people: Sequence[Person], refused: Sequence[str]) -> LoggedText:
        mail = self.mail
        parts = [mail.text or WITHOUT_TEXT, "\n".join(refused)]
        if mail.quoted:
            parts.append(f"{QUOTE_MARK}\n{mail.quoted}")
        # A sender that says to be a member is believed only if a trusted mail server vouches for it.
        sender = mail.sender
        author = self.members.get(_key(sender)) if sender is not None and mail.is_authentic else None
        taking_part = (author, *(self.members.get(_key(each)) for each in mail.recipients))
        return LoggedText(
            subject=mail.subject,
            text="\n\n".join(part for part in parts if part),
            direction=Direction.OUT if self.is_from_member else Direction.IN,
            sent_at=mail.sent_at,
            author_id=author,
            member_ids={key for key in taking_part if key is not None},
            people=people,
        )


def _key(address: Address) -> str:
    return canonical_email(address.email) or ""


def _members_by_email(mail: Mail, company_id: int) -> dict[str, int | None]:
    """Return the ids of active members by the addresses of a message; None where several share an address."""
    keys = {_key(each) for each in (*mail.senders, *mail.recipients)}
    members = User.objects.filter(
        is_active=True,
        memberships__company_id=company_id,
        memberships__is_active=True,
        email_canonical__in=keys,
    )
    found: dict[str, int | None] = {}
    for email, key in members.values_list("email_canonical", "pk"):
        found[email] = None if email in found else key
    return found
