"""Drafts: a lead as a payload describes it, in plain values, before any row is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A JSON object that a stranger sent.
Payload = Mapping[str, Any]
#: The fields of a person, an organization, a contact or an address, as the API names them.
Details = dict[str, Any]

#: The numbers of the shared contact types in templates and payloads. The ids in a database may differ:
#: leads/services/received_leads.py looks them up by their kind.
EMAIL_TYPE = 1
PHONE_TYPE = 2
CELLPHONE_TYPE = 3
#: The keys under which a payload may name the member who should own the lead.
MEMBER_KEYS = ("Member", "member", "Member_Id", "member_id")
ORGANIZATION_KEYS = ("company", "organization")


def text_of(value: object) -> str | None:
    """Return a text or number as trimmed text; None for anything else and for an empty text."""
    # To Python, True is an int.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


@dataclass(kw_only=True)
class Draft:
    """A lead to create, with its person and organization."""

    title: str | None = None
    description: str | None = None
    reason_lost: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    contacts: list[Details] = field(default_factory=list)
    addresses: list[Details] = field(default_factory=list)
    #: A person that the payload describes as a whole: then names, contacts and addresses are not used.
    person: Details | None = None
    organization: Details | None = None
    custom_fields: Details = field(default_factory=dict)
    #: Amount, currency, close date and probability as they were sent.
    deal_value: Details = field(default_factory=dict)
    member_id: str | None = None

    def add_contact(self, type_id: object, value: str) -> None:
        """Add a contact; the lead itself gets the first e-mail and phone."""
        if str(type_id) == str(EMAIL_TYPE):
            self.email = self.email or value
        elif str(type_id) == str(PHONE_TYPE):
            self.phone = self.phone or value
        self.contacts.append({"contacts_types_id": type_id, "value": value})

    def described_person(self) -> Details | None:
        """Return the person to find or create; None if neither name nor e-mail is known."""
        if self.person is not None:
            return self.person
        # A phone number alone describes nobody: it would make a person without a name.
        has_email = any(str(contact["contacts_types_id"]) == str(EMAIL_TYPE) for contact in self.contacts)
        if not (self.firstname or self.lastname or has_email):
            return None
        person: Details = {"firstname": self.firstname, "lastname": self.lastname, "contacts": self.contacts}
        return person | ({"address": self.addresses} if self.addresses else {})

    def title_or(self, fallback: str) -> str:
        """Return the title, else first and last name, else the fallback."""
        person = self.person or {"firstname": self.firstname, "lastname": self.lastname}
        names = [name for name in (text_of(person.get("firstname")), text_of(person.get("lastname"))) if name]
        return self.title or " ".join(names) or fallback


def member_of(payload: Payload) -> str | None:
    """Return the member id of the member who should own the lead."""
    return next((text for key in MEMBER_KEYS if (text := text_of(payload.get(key)))), None)


def organization_of(payload: Payload) -> str | None:
    """Return the name of the organization at the top level of a payload."""
    return next((text for key in ORGANIZATION_KEYS if (text := text_of(payload.get(key)))), None)
