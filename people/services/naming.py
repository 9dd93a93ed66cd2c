"""Find people and organizations by the text with which a file of other rows names them."""

from django.db.models import QuerySet

from crm.actors import Actor
from crm.emails import canonical_email, has_email_form
from crm.models.texts import stored_name_key
from people.models import Organization, Person


def find_people(text: str, actor: Actor) -> QuerySet[Person]:
    """Return the visible people with a primary e-mail address, else with a whole name."""
    people = Person.objects.visible_to(actor)
    if has_email_form(text.strip()):
        return people.filter(email_canonical=canonical_email(text))
    # As it is composed of its parts.
    name = " ".join(text.split())
    return people.filter(name=name) if name else people.none()


def find_organizations(text: str, actor: Actor) -> QuerySet[Organization]:
    """Return the visible organizations with a name, whatever its case and spelling."""
    return Organization.objects.visible_to(actor).filter(name_key=stored_name_key(text))
