"""How a field of a type is stored or computed, and the types of the shared kernel."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import graphene
from django.core.exceptions import ObjectDoesNotExist
from django.db import models as db
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from graphene_django import DjangoObjectType
from graphene_django.converter import convert_django_field
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Actor, Role
from crm.graphql.auth import actor_of
from crm.graphql.scalars import JSON, Date, DateTime, Mixed
from crm.models.companies import LeadVisibility

MemberRole = graphene.Enum.from_enum(Role, name="MemberRole")
LeadVisibilityEnum = graphene.Enum("LeadVisibility", [(choice, choice) for choice in LeadVisibility.values])


@convert_django_field.register(db.DateTimeField)
def _datetime(field: Any, registry: Any = None) -> Any:
    return DateTime(required=not field.null)


@convert_django_field.register(db.DateField)
def _date(field: Any, registry: Any = None) -> Any:
    return Date(required=not field.null)


@convert_django_field.register(db.UUIDField)
def _uuid(field: Any, registry: Any = None) -> Any:
    return graphene.ID(required=not field.null)


@convert_django_field.register(db.CharField)
@convert_django_field.register(db.TextField)
def _text(field: Any, registry: Any = None) -> Any:
    return graphene.String(required=not field.null)


class Attribute(graphene.Field):
    """A field read from a column of the row, or of a row that belongs to it (``file__name``)."""

    def __init__(
        self, type_: Any, path: str, *, resolver: Callable[..., Any] | None = None, **kwargs: Any
    ) -> None:
        value_of = attrgetter(path.replace("__", "."))

        def read(row: Any, _info: GraphQLResolveInfo) -> Any:
            return value_of(row)

        super().__init__(type_, resolver=resolver or read, **kwargs)
        self.loads = (path,)
        #: Whether the column itself is the value.
        self.plain = resolver is None


class Related(graphene.Field):
    """A field that leads to one other row; null where the actor may not see it."""

    def __init__(self, type_: Any, path: str, **kwargs: Any) -> None:
        def read(row: Any, info: GraphQLResolveInfo) -> Any:
            try:
                related = getattr(row, path)
            except ObjectDoesNotExist:
                # Loaded in scope, it is not there for this actor.
                return None
            return related if related is not None and related.is_visible_to(actor_of(info)) else None

        super().__init__(type_, resolver=read, **kwargs)
        self.path = path

    @property
    def row_type(self) -> Any:
        """The graphene type of the other row."""
        return getattr(self.type, "of_type", self.type)


class RelatedList(graphene.Field):
    """A field that lists other rows, in an order of its own; only those that the actor may see."""

    def __init__(self, type_: Any, path: str, *, ordering: Sequence[Any], **kwargs: Any) -> None:
        def read(row: Any, _info: GraphQLResolveInfo) -> Any:
            return getattr(row, path).all()

        super().__init__(graphene.List(lambda: graphene.NonNull(self.row_type)), resolver=read, **kwargs)
        self._row = type_
        self.path = path
        self.ordering = (*ordering, "pk")

    @property
    def row_type(self) -> Any:
        """The graphene type of the other rows."""
        return self._row if isinstance(self._row, type) else self._row()


class Computed(graphene.Field):
    """A field that the database computes for each row, for this actor."""

    def __init__(
        self, type_: Any, annotation: str, expression: Callable[[Actor], Any], **kwargs: Any
    ) -> None:
        super().__init__(type_, resolver=lambda row, _info: getattr(row, annotation), **kwargs)
        self.annotation = annotation
        self.expression = expression


class Derived(graphene.Field):
    """A field that Python works out from columns of the row, or of rows that belong to it."""

    def __init__(
        self, type_: Any, loads: Sequence[str], resolver: Callable[[Any], Any], **kwargs: Any
    ) -> None:
        super().__init__(type_, resolver=lambda row, _info: resolver(row), **kwargs)
        self.loads = tuple(loads)


class BatchedList(graphene.Field):
    """A field that lists other rows by a rule of its own, found for all rows of a page at once.

    :param source: gives, for the rows of a page, the keys of the other rows by the key of the row, each list
        in its order; it is called once for a page, with the arguments of the field.
    :param loads: columns of the row that the source reads.
    :param visible: gives the rows that the actor may see, where that is not ``visible_to``.
    """

    def __init__(
        self,
        type_: Any,
        source: Callable[..., Mapping[int, Sequence[int]]],
        *,
        loads: Sequence[str] = (),
        visible: Callable[[Actor], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        def read(row: Any, _info: GraphQLResolveInfo, **arguments: Any) -> Any:
            return row.batches[self.batch_key(arguments)]

        super().__init__(
            graphene.List(lambda: graphene.NonNull(self.row_type)),
            resolver=read,
            **{"required": True} | kwargs,
        )
        self._row = type_
        self.source = source
        self.loads = tuple(loads)
        self._visible = visible

    @property
    def row_type(self) -> Any:
        """The graphene type of the other rows."""
        return self._row if isinstance(self._row, type) else self._row()

    def visible_rows(self, actor: Actor) -> Any:
        """Give the rows that the actor may see."""
        if self._visible is not None:
            return self._visible(actor)
        return self.row_type._meta.model._default_manager.visible_to(actor)

    def batch_key(self, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
        """Tell one use of the field from others with other arguments."""
        return (self.source, *sorted(arguments.items()))


class Company(DjangoObjectType):
    """A tenant and its settings."""

    class Meta:
        model = models.Company
        convert_choices_to_enum = False
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
            "region",
            "is_active",
            "reason_lost_required",
            "flag_duplicate_leads",
            "created_at",
            "updated_at",
        ]

    lead_visibility = Attribute(LeadVisibilityEnum, "lead_visibility", required=True)
    default_owner = Related(lambda: User, "default_owner")
    total_users = Computed(graphene.Int, "total_users", lambda _actor: _active_members(), required=True)
    my_role = Computed(MemberRole, "my_role", lambda actor: _role(company=OuterRef("pk"), user=actor.user_id))


def _active_members() -> Coalesce:
    counted = (
        models.Membership.objects.active()
        .filter(company=OuterRef("pk"))
        .order_by()
        .values("company")
        .annotate(number=db.Count("pk"))
        .values("number")
    )
    return Coalesce(Subquery(counted, output_field=db.IntegerField()), 0)


def _default_company(actor: Actor) -> db.Case:
    """Give the expression for a user's default company, which is told to the user alone."""
    own = models.Membership.objects.filter(user=OuterRef("pk"), is_default=True).values("company")
    mine = db.When(pk=actor.user_id, then=Subquery(own[:1]))
    return db.Case(mine, default=None, output_field=db.BigIntegerField())


def _companies_of(users: Sequence[Any], actor: Actor) -> dict[int, list[int]]:
    """Give the companies of users: all that the credential opens for oneself, the current one for others."""
    opened = models.Company.objects.open_to(actor).order_by("name", "pk").values_list("pk", flat=True)
    own = list(opened) if any(user.pk == actor.user_id for user in users) else []
    return {user.pk: own if user.pk == actor.user_id else [actor.company_id] for user in users}


def _role(**member: Any) -> Subquery:
    """Give the expression for the role of the member that the conditions name."""
    return Subquery(models.Membership.objects.filter(**member).values("role")[:1])


class User(DjangoObjectType):
    """A member of the company."""

    class Meta:
        model = models.User
        fields = ["id", "uuid", "displayname", "is_active", "timezone", "updated_at"]

    firstname = Attribute(graphene.String, "first_name")
    lastname = Attribute(graphene.String, "last_name")
    email = Attribute(graphene.String, "email")
    created_at = Attribute(DateTime, "date_joined")
    default_company = Computed(graphene.ID, "default_company", _default_company)
    companies = BatchedList(
        Company, _companies_of, visible=lambda actor: models.Company.objects.open_to(actor)
    )
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
        super().__init__(
            graphene.List(graphene.NonNull(CustomField)),
            "custom_fields",
            resolver=lambda row, _info: row.listed_custom_fields(),
        )


class Filesystem(graphene.ObjectType):
    """A file attached to a record."""

    id = Attribute(graphene.ID, "file_id", required=True)
    uuid = Attribute(graphene.ID, "file__uuid", required=True)
    name = Attribute(graphene.String, "file__name", required=True)
    url = Derived(graphene.String, ("file__url", "file__uuid"), lambda link: link.file.address, required=True)
    type = Attribute(graphene.String, "file__type")
    size = Attribute(graphene.Float, "file__size", required=True)
    field_name = Attribute(graphene.String, "field_name")
    attributes = Attribute(JSON, "file__attributes")
    created_at = Attribute(DateTime, "created_at")
