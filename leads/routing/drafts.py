"""What a payload says a lead is to be: plain values, before any row is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: What the contact types that every company has are called here; they are looked up by their kind.
EMAIL_TYPE = 1
PHONE_TYPE = 2
CELLPHONE_TYPE = 3
#: Keys under which a payload names the member who is to own the lead.
MEMBER_KEYS = ("Member", "member", "Member_Id", "member_id")
ORGANIZATION_KEYS = ("company", "organization")


def text_of(value: Any) -> str | None:
    """Give a text or number as trimmed text; anything else, and an empty text, is None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


@dataclass(kw_only=True)
class Draft:
    """A lead that is to be made, with the person and organization that it is about."""

    title: str | None = None
    description: str | None = None
    reason_lost: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    contacts: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    #: The whole person as the payload itself describes it, in place of names, contacts and addresses.
    person: dict[str, Any] | None = None
    organization: dict[str, Any] | None = None
    custom_fields: dict[str, Any] = field(default_factory=dict)
    member_id: str | None = None

    def add_contact(self, type_id: Any, value: str) -> None:
        """Add a contact; the first e-mail and phone are also those of the lead itself."""
        if str(type_id) == str(EMAIL_TYPE):
            self.email = self.email or value
        elif str(type_id) == str(PHONE_TYPE):
            self.phone = self.phone or value
        self.contacts.append({"contacts_types_id": type_id, "value": value})

    def described_person(self) -> dict[str, Any] | None:
        """Give the person to find or make; None where nothing says who that is."""
        if self.person is not None:
            return self.person
        reached = any(str(contact["contacts_types_id"]) == str(EMAIL_TYPE) for contact in self.contacts)
        if not (self.firstname or self.lastname or reached):
            return None
        person = {"firstname": self.firstname, "lastname": self.lastname, "contacts": self.contacts}
        return person | ({"address": self.addresses} if self.addresses else {})

    def title_or(self, fallback: str) -> str:
        """Give the title, else first and last name, else the fallback."""
        who = self.person or {"firstname": self.firstname, "lastname": self.lastname}
        names = [name for name in (text_of(who.get("firstname")), text_of(who.get("lastname"))) if name]
        return self.title or " ".join(names) or fallback


def member_of(payload: Mapping[str, Any]) -> str | None:
    """Give what the payload calls the member who is to own the lead."""
    return next((text for key in MEMBER_KEYS if (text := text_of(payload.get(key)))), None)


def organization_of(payload: Mapping[str, Any]) -> str | None:
    """Give the name of the organization that a payload names at its top."""
    return next((text for key in ORGANIZATION_KEYS if (text := text_of(payload.get(key)))), None)
