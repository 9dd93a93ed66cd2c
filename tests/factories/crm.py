"""Companies, users, tokens, tags and files; and a whole tenant with an actor of each role."""

from dataclasses import dataclass

from crm.actors import Actor, Door, Role
from crm.authentication import actor_for
from crm.models import ApiToken, Company, CustomFieldDefinition, EntityKind, Filesystem, Membership, Tag, User
from crm.models.tokens import SHOWN_CHARACTERS, hash_token, new_raw_token
from crm.services.members import add_member
from leads.services.company_setup import set_up_company
from tests.factories.base import RowFactory, factory


class CompanyFactory(RowFactory):
    """A bare company: no statuses, no pipeline."""

    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"Company {n}")


class UserFactory(RowFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")


class MembershipFactory(RowFactory):
    class Meta:
        model = Membership

    company = factory.SubFactory(CompanyFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.AGENT.value


class ApiTokenFactory(RowFactory):
    """A token; give ``raw`` to know it. Its user is not made a member."""

    class Meta:
        model = ApiToken

    class Params:
        raw = factory.LazyFunction(new_raw_token)

    company = factory.SubFactory(CompanyFactory)
    user = factory.SubFactory(UserFactory)
    prefix = factory.LazyAttribute(lambda token: token.raw[:SHOWN_CHARACTERS])
    hash = factory.LazyAttribute(lambda token: hash_token(token.raw))


class TagFactory(RowFactory):
    class Meta:
        model = Tag

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Tag {n}")


class CustomFieldDefinitionFactory(RowFactory):
    """A definition of text for leads; what records hold is not touched."""

    class Meta:
        model = CustomFieldDefinition

    company = factory.SubFactory(CompanyFactory)
    model = EntityKind.LEAD
    name = factory.Sequence(lambda n: f"Field {n}")


class FilesystemFactory(RowFactory):
    class Meta:
        model = Filesystem

    company = factory.SubFactory(CompanyFactory)
    name = "offer.pdf"
    url = "https://files.example.com/offer.pdf"


@dataclass(frozen=True, kw_only=True)
class Actors:
    """The members of one company by what they are; ``colleague`` is a second agent."""

    admin: Actor
    manager: Actor
    agent: Actor
    colleague: Actor
    viewer: Actor


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A company that is set up, and its members; ``users`` and ``actors`` go by the same names."""

    company: Company
    users: dict[str, User]
    actors: Actors


ROLES = {
    "admin": Role.ADMIN,
    "manager": Role.MANAGER,
    "agent": Role.AGENT,
    "colleague": Role.AGENT,
    "viewer": Role.VIEWER,
}


def tenant(name: str = "Tenant", *, door: Door = Door.GRAPHQL) -> Tenant:
    """Make a company as the product sets it up, with a member of each role.

    Usernames are the role and the company's name: ``agent@tenant``.
    """
    users: dict[str, User] = {
        role: UserFactory(username=f"{role}@{name.lower()}", email=f"{role}@{name.lower()}.example")
        for role in ROLES
    }
    company = set_up_company(name, admin=users["admin"])
    for member, role in ROLES.items():
        # The administrator came with the company.
        if role is not Role.ADMIN:
            add_member(company, users[member], role)
    actors = Actors(**{member: actor_for(user, company, door=door) for member, user in users.items()})
    return Tenant(company=company, users=users, actors=actors)
