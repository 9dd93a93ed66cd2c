"""Models of people and organizations."""

from people.models.contacts import Address, Contact, ContactKind, ContactType
from people.models.merges import Merge
from people.models.organizations import Organization, OrganizationFile
from people.models.person import Person, PersonFile
from people.models.relationships import Employment, PeopleRelationship

__all__ = [
    "Address",
    "Contact",
    "ContactKind",
    "ContactType",
    "Employment",
    "Merge",
    "Organization",
    "OrganizationFile",
    "PeopleRelationship",
    "Person",
    "PersonFile",
]
