"""The same lists by strawberry-django with its optimizer, on the CRM's models, for the company ``COMPANY``.

As a team would write it that knows the library: to-one relations are joined and lists prefetched by the
optimizer, each narrowed to the company and to what is not deleted.
"""

import os
from enum import Enum
from typing import Annotated, Any, ClassVar

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import strawberry
import strawberry_django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db.models import QuerySet
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry_django.optimizer import DjangoOptimizerExtension

import crm.models as crm
import leads.models as leads
import people.models as people
import pipelines.models as pipelines

COMPANY = int(os.environ.get("COMPANY", "1"))


class Scoped:
    """Rows of the company, without the deleted ones, in the order of the CRM."""

    ordering: ClassVar[tuple[str, ...]] = ("pk",)

    @classmethod
    def get_queryset(cls, queryset: QuerySet[Any], _info: Any, **_: Any) -> QuerySet[Any]:
        if queryset.query.is_sliced:
            # The page itself, which was narrowed before.
            return queryset
        model: Any = queryset.model
        columns = {column.name for column in model._meta.concrete_fields}
        if "deleted_at" in columns:
            queryset = queryset.filter(deleted_at__isnull=True)
        return queryset.filter(company_id=COMPANY).order_by(*cls.ordering)


@strawberry.type
class CustomField:
    name: str
    value: JSON | None


def listed(values: dict[str, Any]) -> list[CustomField]:
    return [CustomField(name=name, value=values[name]) for name in sorted(values)]


@strawberry_django.type(crm.User)
class User:
    displayname: strawberry.auto


@strawberry_django.type(crm.Tag)
class Tag(Scoped):
    ordering = ("name", "pk")
    name: strawberry.auto


@strawberry_django.type(leads.LeadStatus)
class Status(Scoped):
    name: strawberry.auto


@strawberry_django.type(leads.LeadSource)
class Source(Scoped):
    name: strawberry.auto


@strawberry_django.type(pipelines.Pipeline)
class Pipeline(Scoped):
    name: strawberry.auto


@strawberry_django.type(pipelines.Stage)
class Stage(Scoped):
    name: strawberry.auto


@strawberry_django.type(people.Organization)
class Organization(Scoped):
    ordering = ("name", "pk")
    id: strawberry.auto
    name: strawberry.auto


@strawberry_django.type(people.ContactType)
class ContactType:
    name: strawberry.auto


@strawberry_django.type(people.Contact)
class Contact(Scoped):
    ordering = ("weight", "pk")
    type: ContactType
    value: strawberry.auto


@strawberry_django.type(people.Person)
class Person(Scoped):
    id: strawberry.auto
    uuid: strawberry.ID
    firstname: strawberry.auto
    lastname: strawberry.auto
    name: strawberry.auto
    email: strawberry.auto
    created_at: strawberry.auto
    contacts: list[Contact]
    organizations: list[Organization]
    tags: list[Tag]

    @strawberry_django.field(only=["custom_fields"])
    def custom_fields(self) -> list[CustomField]:
        return listed(self.custom_fields)  # type: ignore[arg-type]  # the column of the row


@strawberry_django.type(leads.Lead)
class Lead(Scoped):
    id: strawberry.auto
    uuid: strawberry.ID
    title: strawberry.auto
    description: strawberry.auto
    created_at: strawberry.auto
    people: Person | None = strawberry_django.field(field_name="person")
    organization: Organization | None
    owner: User | None
    status: Status
    source: Source | None
    pipeline: Pipeline
    stage: Stage
    tags: list[Tag]

    @strawberry_django.field(only=["custom_fields"])
    def custom_fields(self) -> list[CustomField]:
        return listed(self.custom_fields)  # type: ignore[arg-type]  # the column of the row


@strawberry.enum
class Column(Enum):
    CREATED_AT = "created_at"


@strawberry.enum
class Direction(Enum):
    DESC = "desc"


@strawberry.input
class Clause:
    column: Column
    order: Direction


Order = Annotated[list[Clause], strawberry.argument(name="orderBy")]


@strawberry.type
class Info:
    rows: strawberry.Private[QuerySet[Any]]
    first: strawberry.Private[int]

    @strawberry.field
    def total(self) -> int:
        return self.rows.count()

    @strawberry.field(name="currentPage")
    def current_page(self) -> int:
        return 1

    @strawberry.field(name="lastPage")
    def last_page(self) -> int:
        return -(-self.rows.count() // self.first)

    @strawberry.field(name="hasMorePages")
    def has_more_pages(self) -> bool:
        return self.rows[self.first : self.first + 1].exists()


@strawberry.type
class LeadPage:
    rows: strawberry.Private[QuerySet[Any]]
    first: strawberry.Private[int]

    @strawberry_django.field
    def data(self) -> list[Lead]:
        return self.rows[: self.first]  # type: ignore[return-value]  # rows of the model

    @strawberry.field(name="paginatorInfo")
    def paginator_info(self) -> Info:
        return Info(rows=self.rows, first=self.first)


@strawberry.type
class PersonPage:
    rows: strawberry.Private[QuerySet[Any]]
    first: strawberry.Private[int]

    @strawberry_django.field
    def data(self) -> list[Person]:
        return self.rows[: self.first]  # type: ignore[return-value]  # rows of the model

    @strawberry.field(name="paginatorInfo")
    def paginator_info(self) -> Info:
        return Info(rows=self.rows, first=self.first)


def newest(model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(company_id=COMPANY, deleted_at__isnull=True)
    return rows.order_by("-created_at", "pk")


@strawberry.type
class Query:
    @strawberry.field
    def leads(self, first: int, order_by: Order) -> LeadPage:
        return LeadPage(rows=newest(leads.Lead), first=first)

    @strawberry.field
    def peoples(self, first: int, order_by: Order) -> PersonPage:
        return PersonPage(rows=newest(people.Person), first=first)


schema = strawberry.Schema(
    query=Query,
    config=StrawberryConfig(auto_camel_case=False),
    extensions=[DjangoOptimizerExtension, ParserCache(), ValidationCache()],
)
settings.ROOT_URLCONF = __name__
urlpatterns = [path("graphql", csrf_exempt(GraphQLView.as_view(schema=schema)))]
application = get_wsgi_application()
