"""Companies, users, tokens, tags and files; and a whole tenant with an actor of each role."""

from dataclasses import dataclass

from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from crm.actors import Actor, Door, Role
from crm.credentials import CredentialRow
from crm.emails import canonical_email
from crm.models import ApiToken, Company, CustomFieldDefinition, EntityKind, Filesystem, Membership, Tag, User
from crm.models.accounts import canonical_username
from crm.models.tags import tag_slug
from crm.models.tokens import SHOWN_CHARACTERS, hash_token, new_raw_token
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
    slug = factory.LazyAttribute(lambda tag: tag_slug(tag.name))


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

    Usernames are the role and the company's name: ``agent@tenant``. Content types, for which a process asks
    once, are read here, so that the number of a test's statements does not depend on the tests before it.
    """
    ContentType.objects.get_for_models(*apps.get_models())
    accounts = [_account(f"{member}@{name.lower()}") for member in ROLES]
    users = dict(zip(ROLES, User.objects.bulk_create(accounts), strict=True))
    company = set_up_company(name, admin=users["admin"])
    # At once, since nearly every test begins here; the administrator came with the company.
    Membership.objects.bulk_create(
        Membership(company=company, user=users[member], role=role.value, is_default=True)
        for member, role in ROLES.items()
        if role is not Role.ADMIN
    )
    actors = {member: _actor(users[member], company, role, door) for member, role in ROLES.items()}
    return Tenant(company=company, users=users, actors=Actors(**actors))


def _account(username: str) -> User:
    """Return a user with the columns that ``clean`` derives, without its query for each of the five users."""
    email = f"{username}.example"
    return User(
        username=username,
        username_canonical=canonical_username(username),
        displayname=username,
        email=email,
        email_canonical=canonical_email(email),
    )


def _actor(user: User, company: Company, role: Role, door: Door) -> Actor:
    """Return the actor of a new member without reading the membership back."""
    holder = CredentialRow(
        user.pk,
        company.pk,
        role.value,
        company.uuid,
        company.lead_visibility,
        company.registered_documents_only,
        company.region,
    )
    return holder.credential(door).actor
