"""Find or create the person and organization nested in a lead's input."""

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.database.patterns import as_pattern
from crm.models import Company
from crm.services import saving
from people.models import ContactType, Organization, Person
from people.models.canonical import canonical_email, has_email_form
from people.models.phones import canonical_phone
from people.services import organizations, people
from people.services.contacts import ContactValues
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues


def find_or_create_person(nested: PersonValues, *, actor: Actor) -> Person:
    """Return the person with the given id, else the only matching one, else a new one.

    A match has the same e-mail; where none is given, the same phone and name. A person that is found is not
    changed: an input of a lead, which strangers may send, updates nobody.
    """
    saving.check_current_company(nested.get("company_id"), actor)
    visible = Person.objects.visible_to(actor).with_main_phone()
    if not saving.is_none_given(nested.get("id")):
        return Person.objects.with_main_phone().find(actor, nested["id"])
    email, phones = _email_and_phones(nested, actor)
    name = " ".join(
        part for part in (nested.get("firstname"), nested.get("middlename"), nested.get("lastname")) if part
    )
    matches: list[Person] = []
    # Two are read to tell one match from several: then nobody can say which is meant.
    if email is not None:
        matches = list(visible.filter(email_canonical=email)[:2])
    elif phones and name:
        # A phone alone is no match: colleagues and families share one.
        same_name = visible.filter(name__like=as_pattern(" ".join(name.split())))
        matches = list(same_name.filter(contacts__canonical__in=phones).distinct()[:2])
    return matches[0] if len(matches) == 1 else people.create_person(nested, actor=actor)


def _email_and_phones(nested: PersonValues, actor: Actor) -> tuple[str | None, list[str]]:
    """Return the canonical e-mail, which may be among the contacts, else the canonical phones."""
    email = canonical_email(nested.get("email"))
    contacts: list[ContactValues] = nested.get("contacts") or []
    if email is not None or not contacts:
        return email, []
    types = {type_.pk: type_ for type_ in ContactType.objects.visible_to(actor)}
    region = Company.objects.get(pk=actor.company_id).region
    phones = []
    for contact in contacts:
        type_ = types.get(parse_id(contact.get("contacts_types_id")) or 0)
        value = contact.get("value") or ""
        if type_ is not None and type_.is_email and has_email_form(value):
            return canonical_email(value), []
        phone = canonical_phone(value, region) if type_ is not None and type_.is_phone else None
        if phone is not None:
            phones.append(phone)
    return None, phones


def find_or_create_organization(nested: OrganizationValues, *, actor: Actor) -> Organization:
    """Return the organization with the given id, else the oldest one with the name, else a new one."""
    saving.check_current_company(nested.get("company_id"), actor)
    if not saving.is_none_given(nested.get("id")):
        return Organization.objects.find(actor, nested["id"])
    name = (nested.get("name") or "").strip()
    if not name:
        raise ValidationError({"name": ["Give the organization a name."]})
    found = Organization.objects.visible_to(actor).named(name).first()
    return found or organizations.create_organization(nested, actor=actor)
