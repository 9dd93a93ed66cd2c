"""The company that the specification's documents speak of: id 1, with person 1, organization 1 and lead 1."""

from crm.actors import Actor, Door
from crm.authentication import actor_for
from crm.services.companies import find_or_create_user
from leads.services.company_setup import set_up_company
from leads.services.leads import create_lead
from people.services.organizations import create_organization
from people.services.people import create_person


def newcomer() -> Actor:
    """Set up the company in an empty database, and give its administrator."""
    user, _ = find_or_create_user("demo")
    company = set_up_company("Demo", admin=user)
    actor = actor_for(user, company, door=Door.GRAPHQL)
    create_person({"firstname": "John", "lastname": "Roe", "email": "john@example.com"}, actor=actor)
    create_organization({"name": "Initech"}, actor=actor)
    create_lead({"title": "First deal", "people_id": 1, "organization_id": 1}, actor=actor)
    return actor
