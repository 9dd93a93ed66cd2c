"""Find people and organizations by the text with which a file of other rows names them."""

from django.db.models import QuerySet

from crm.actors import Actor
from crm.emails import canonical_email
from crm.models.texts import stored_name_key
from people.models import Organization, Person


def find_people(text: str, actor: Actor) -> QuerySet[Person]:
    """Return the visible people with a primary e-mail address."""
    email = canonical_email(text)
    people = Person.objects.visible_to(actor)
    return people.filter(email_canonical=email) if email else people.none()


def find_organizations(text: str, actor: Actor) -> QuerySet[Organization]:
    """Return the visible organizations with a name, whatever its case and spelling."""
    return Organization.objects.visible_to(actor).filter(name_key=stored_name_key(text))
