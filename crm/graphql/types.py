"""Types of companies, users, tags, custom fields and files."""

from collections.abc import Sequence
from typing import Any

import graphene
from django.db import models as db
from django.db.models import OuterRef, Subquery
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Actor, Role
from crm.errors import ConflictReason
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.fields import Attribute, Computed, Derived, Related, count_by
from crm.graphql.core.list_fields import FIRST, BatchedList, Listed, ListSize
from crm.graphql.core.scalars import JSON, DateTime, Mixed
from crm.models.companies import LeadVisibility

MemberRole = graphene.Enum.from_enum(Role, name="MemberRole")
LeadVisibilityEnum = choice_enum("LeadVisibility", LeadVisibility.values)

CONFLICT_REASONS = {
    ConflictReason.VERSION: (
        "The record is not in the state that the request expects: it has another version, or was changed, "
        "done, deleted or merged meanwhile. Load it again."
    ),
    ConflictReason.KEY_REUSED: "The Idempotency-Key was used for another request.",
    ConflictReason.KEY_RUNNING: "The first request with the Idempotency-Key is still running. Send it again.",
    ConflictReason.EXISTS: "Such a record exists already.",
    ConflictReason.IN_USE: "Other records or a rule of the company need the record as it is.",
    ConflictReason.MATCH: (
        "The input may mean another record than the one found. `ids` lists the candidates, `keys` by what "
        "they were found."
    ),
}


def _conflict_reason(member: ConflictReason | None) -> str:
    if member is None:
        return "Why a change is refused with CONFLICT, in `extensions.reason`."
    return CONFLICT_REASONS[member]


#: No field has this type: errors carry it.
ConflictReasonEnum = graphene.Enum.from_enum(
    ConflictReason, name="ConflictReason", description=_conflict_reason
)


class Company(DjangoObjectType):
    """A tenant and its settings."""

    class Meta:
        model = models.Company
        fields = [
            "id",
            "uuid",
            "name",
            "website",
            "email",
            "phone",
            "address",
            "address_2",
            "city",
            "state",
            "zip",
            "country",
            "language",
            "timezone",
            "is_active",
            "reason_lost_required",
            "flag_duplicate_leads",
            "created_at",
            "updated_at",
        ]

    # Declared by hand: graphene-django would make an enum of another name from the choices.
    lead_visibility = Attribute(LeadVisibilityEnum, "lead_visibility", required=True)
    region = Attribute(
        graphene.String,
        "region",
        required=True,
        description="Country code of two letters that phone numbers without an international prefix belong "
        "to, such as DE.",
    )
    currency = Attribute(
        graphene.String,
        "currency",
        required=True,
        description="ISO 4217 code of the currency of amounts that come without one, such as EUR.",
    )
    amount_custom_field = Attribute(
        graphene.String,
        "amount_custom_field",
        description="Name of the custom field whose number becomes the amount of a new lead without one.",
    )
    default_owner = Related(lambda: User, "default_owner")
    total_users = Computed(
        graphene.Int,
        "total_users",
        # Not visible_to, which is limited to the current company: ``companies`` lists the others too.
        lambda _actor: count_by(models.Membership.objects.active(), "company"),
        required=True,
    )
    my_role = Computed(MemberRole, "my_role", lambda actor: _role(company=OuterRef("pk"), user=actor.user_id))


def _default_company(actor: Actor) -> db.Case:
    """Return the expression for a user's default company, which only the user may read."""
    own = models.Membership.objects.filter(user=OuterRef("pk"), is_default=True).values("company")
    mine = db.When(pk=actor.user_id, then=Subquery(own[:1]))
    return db.Case(mine, default=None, output_field=db.BigIntegerField())


def _companies_of(users: Sequence[models.User], actor: Actor) -> dict[int, list[int]]:
    """Return the companies of users: for the actor all that the credential opens, for others the current."""
    opened = models.Company.objects.open_to(actor).order_by("name", "pk").values_list("pk", flat=True)
    # Evaluated only if the actor is on the page; of other users only the current company is shown.
    own = list(opened) if any(user.pk == actor.user_id for user in users) else []
    return {user.pk: own if user.pk == actor.user_id else [actor.company_id] for user in users}


def _role(**member: object) -> Subquery:
    """Return the expression for the role of the member that meets the conditions."""
    # Not visible_to: the conditions name the company and the user of rows that were read in scope.
    return Subquery(models.Membership.objects.filter(**member).values("role")[:1])


class User(DjangoObjectType):
    """A member of the company."""

    class Meta:
        model = models.User
        fields = ["id", "uuid", "displayname", "is_active", "language", "timezone", "updated_at"]

    firstname = Attribute(graphene.String, "first_name")
    lastname = Attribute(graphene.String, "last_name")
    email = Attribute(graphene.String, "email")
    # Django names the column differently.
    created_at = Attribute(DateTime, "date_joined")
    default_company = Computed(graphene.ID, "default_company", _default_company)
    companies = BatchedList(
        # visible_to would leave only the current company.
        Company,
        _companies_of,
        visible=lambda actor: models.Company.objects.open_to(actor),
    )
    # The role in the current company; in other companies the user may have another.
    role = Computed(
        MemberRole, "member_role", lambda actor: _role(company=actor.company_id, user=OuterRef("pk"))
    )


class Tag(DjangoObjectType):
    """A label."""

    class Meta:
        model = models.Tag
        fields = ["id", "name", "slug", "weight", "is_feature", "created_at", "updated_at"]


class CustomField(graphene.ObjectType):
    """A free field of a record."""

    name = graphene.String(required=True)
    value = Mixed()


class CustomFields(Attribute):
    """The custom fields of a record, by name."""

    def __init__(self) -> None:
        self.size = ListSize()

        def read(row: Any, info: GraphQLResolveInfo, first: int | None = None) -> Sequence[object]:
            entries = row.listed_custom_fields()
            most = self.size.of({FIRST: first})
            return self.size.cut(Listed(entries[:most], len(entries) > most), info, first)

        super().__init__(
            graphene.List(graphene.NonNull(CustomField)),
            "custom_fields",
            resolver=read,
            first=self.size.argument,
        )


class Filesystem(graphene.ObjectType):
    """A file attached to a record."""

    # Each row links a file to a record, and mutations name the file.
    id = Attribute(graphene.ID, "file_id", required=True)
    uuid = Attribute(graphene.ID, "file__uuid", required=True)
    name = Attribute(graphene.String, "file__name", required=True)
    url = Derived(graphene.String, ("file__url", "file__uuid"), lambda link: link.file.address, required=True)
    type = Attribute(graphene.String, "file__type")
    # Float, because GraphQL's Int has 32 bits: 2 GiB at most.
    size = Attribute(graphene.Float, "file__size", required=True)
    field_name = Attribute(graphene.String, "field_name")
    attributes = Attribute(JSON, "file__attributes")
    created_at = Attribute(DateTime, "created_at")


def external_id() -> Attribute:
    """Return the field of the id that a record has in another product."""
    return Attribute(
        graphene.String, "external_id", description="The id that the record has in another product."
    )


def external_source() -> Attribute:
    """Return the field of the product that an external id is from."""
    return Attribute(
        graphene.String,
        "external_source",
        description="The product that external_id is from, in lower case.",
    )
