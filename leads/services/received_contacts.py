"""Contacts of a received lead: texts that are no e-mail or phone go to the description, and lose no lead."""

from collections.abc import Iterable, Mapping

from crm.texts import single_line
from leads.models.lead import LONGEST_PHONE, LONGEST_TEXT
from leads.routing.drafts import Details, Draft, text_of
from people.models import ContactKind
from people.models.canonical import email_fault
from people.models.phones import cleaned_phone, phone_fault

LABELS = {ContactKind.EMAIL: "E-mail", ContactKind.PHONE: "Phone", ContactKind.CELLPHONE: "Cellphone"}
#: Of a longer text, the rest is in the attempt alone.
LONGEST_LINE = 500


def set_aside_faults(draft: Draft, kinds: Mapping[str, str]) -> None:
    """Move what is no e-mail or phone from a draft and its person to the draft's description.

    :param kinds: the kind of each contact type, by the number or id that the draft names it with.
    """
    lines: list[str] = []
    draft.email = _checked(draft.email, ContactKind.EMAIL, lines)
    draft.phone = _checked(draft.phone, ContactKind.PHONE, lines)
    draft.contacts = list(_valid_contacts(draft.contacts, kinds, lines))
    if draft.person is not None:
        draft.person = _valid_person(draft.person, kinds, lines)
    if lines:
        text = "\n".join(dict.fromkeys(lines))
        before = f"{draft.description}\n" if draft.description else ""
        # A description that is too long by itself is refused as ever.
        draft.description = before + text[: max(0, LONGEST_TEXT - len(before))]


def _checked(value: str | None, kind: str, lines: list[str]) -> str | None:
    """Return an e-mail or phone as it is stored; None if it is none, with a line that says what was sent."""
    if value is None:
        return None
    if kind == ContactKind.EMAIL:
        stored, is_faulty = value, email_fault(value) is not None
    else:
        stored = cleaned_phone(value)
        is_faulty = phone_fault(value) is not None or len(stored) > LONGEST_PHONE
    if is_faulty:
        lines.append(f"{LABELS[ContactKind(kind)]}: {single_line(value)[:LONGEST_LINE]}")
        return None
    return stored


def _valid_contacts(
    contacts: Iterable[Details], kinds: Mapping[str, str], lines: list[str]
) -> Iterable[Details]:
    for contact in contacts:
        kind = kinds.get(str(contact["contacts_types_id"]))
        if kind not in LABELS:
            yield contact
            continue
        value = _checked(text_of(contact["value"]), kind, lines)
        if value is not None:
            yield {**contact, "value": value}


def _valid_person(person: Details, kinds: Mapping[str, str], lines: list[str]) -> Details | None:
    """Return the person without faulty contacts; None if nothing is left to call or write to it by."""
    known = len(lines)
    email = _checked(text_of(person.get("email")), ContactKind.EMAIL, lines)
    contacts = list(_valid_contacts(person.get("contacts") or [], kinds, lines))
    if len(lines) == known:
        return {**person, "contacts": contacts} if contacts else person
    # Left out where nothing remains: to the API, a null or an empty list would mean something.
    left = {"email": email, "contacts": contacts}
    valid = {**person, **left}
    valid = {name: value for name, value in valid.items() if name not in left or value}
    types = {kinds.get(str(contact["contacts_types_id"])) for contact in contacts}
    is_somebody = valid.get("firstname") or valid.get("lastname") or email or ContactKind.EMAIL in types
    return valid if is_somebody else None
