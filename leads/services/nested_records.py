"""Find or create the person and organization nested in a lead's input."""

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.services import locking, saving
from people.models import Organization, Person
from people.services import organizations, people
from people.services.matching import find_same_person
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues


def find_or_create_person(nested: PersonValues, *, actor: Actor) -> Person:
    """Return the person with the given id, else the one whom the values mean, else a new one.

    A person that is found is not changed: an input of a lead, which strangers may send, updates nobody.
    """
    saving.check_current_company(nested.get("company_id"), actor)
    if not saving.is_none_given(nested.get("id")):
        return Person.objects.with_main_phone().find(actor, nested["id"])
    if not (nested.get("email") or nested.get("contacts")):
        return people.create_person(nested, actor=actor)
    return locking.find_or_create(
        lambda: find_same_person(nested, actor=actor),
        lambda: people.create_person(nested, actor=actor),
        actor=actor,
    )


def find_or_create_organization(nested: OrganizationValues, *, actor: Actor) -> Organization:
    """Return the organization with the given id, else the oldest one with the name, else a new one."""
    saving.check_current_company(nested.get("company_id"), actor)
    if not saving.is_none_given(nested.get("id")):
        return Organization.objects.find(actor, nested["id"])
    if not (nested.get("name") or "").strip():
        raise ValidationError({"name": ["Give the organization a name."]})
    return organizations.find_or_create(nested, actor=actor)
