"""Models of people and organizations."""

from people.models.contacts import Address, Contact, ContactKind, ContactType
from people.models.organizations import Organization, OrganizationFile
from people.models.person import Person, PersonFile

__all__ = [
    "Address",
    "Contact",
    "ContactKind",
    "ContactType",
    "Organization",
    "OrganizationFile",
    "Person",
    "PersonFile",
]
