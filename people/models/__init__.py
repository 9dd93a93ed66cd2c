"""Models of people and organizations."""

from people.models.activity_people import ActivityPerson
from people.models.contacts import Address, Contact, ContactKind, ContactType
from people.models.merges import Merge
from people.models.organizations import ORGANIZATION_TEXTS, Organization, OrganizationFile, OrganizationTexts
from people.models.person import PERSON_TEXTS, Person, PersonFile, PersonTexts
from people.models.relationships import Employment, PeopleRelationship

__all__ = [
    "ORGANIZATION_TEXTS",
    "PERSON_TEXTS",
    "ActivityPerson",
    "Address",
    "Contact",
    "ContactKind",
    "ContactType",
    "Employment",
    "Merge",
    "Organization",
    "OrganizationFile",
    "OrganizationTexts",
    "PeopleRelationship",
    "Person",
    "PersonFile",
    "PersonTexts",
]
