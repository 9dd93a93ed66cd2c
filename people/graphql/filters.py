"""Columns of the lists of people and organizations."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from crm.actors import Actor
from crm.graphql.lists.columns import (
    DateColumn,
    DateTimeColumn,
    HasRelation,
    IdColumn,
    ListFilterSet,
    TextColumn,
    UuidColumn,
)
from crm.graphql.lists.custom_field_columns import CustomFieldsRelation
from crm.graphql.lists.operators import SQLOperator
from crm.models import Company, EntityKind
from people import models
from people.models.canonical import canonical_email, search_words
from people.models.phones import canonical_phone

CANONICAL = frozenset({SQLOperator.EQ, SQLOperator.NEQ, SQLOperator.IN, SQLOperator.NOT_IN})


class CanonicalColumn(TextColumn):
    """Text whose canonical spelling, in another column, is compared for equality."""

    def __init__(self, field_name: str, *, canonical: str | None = None) -> None:
        super().__init__(field_name)
        self._canonical = canonical or f"{field_name}_canonical"

    def compared_column(self, operator: SQLOperator) -> str:
        return self._canonical if operator in CANONICAL else str(self.field_name)

    def read_for(self, operator: SQLOperator, value: Any, actor: Actor) -> Any:
        read = super().read_for(operator, value, actor)
        if operator not in CANONICAL:
            return read
        spelled = self.canonical(read if isinstance(read, list) else [read], actor)
        return spelled if isinstance(read, list) else spelled[0]

    def canonical(self, texts: Sequence[str], actor: Actor) -> list[str]:
        """Return the canonical spellings of texts; empty for a text without one, which matches no row."""
        raise NotImplementedError


class EmailColumn(CanonicalColumn):
    def canonical(self, texts: Sequence[str], actor: Actor) -> list[str]:
        return [canonical_email(text) or "" for text in texts]


class PhoneColumn(CanonicalColumn):
    """A phone number, equal in every format."""

    def canonical(self, texts: Sequence[str], actor: Actor) -> list[str]:
        # Without a national number the company's region is not needed, nor the statement that reads it.
        international = all(text.strip().startswith("+") for text in texts)
        region = None if international else Company.objects.visible_to(actor).get().region
        return [canonical_phone(text, region) or "" for text in texts]


TAGS = HasRelation("tags", {"id": IdColumn("id"), "name": TextColumn("name"), "slug": TextColumn("slug")})


class SearchedFilterSet(ListFilterSet):
    """Base of lists whose rows have a ``search_text``."""

    search_method = "search"

    @classmethod
    def words(cls, text: str) -> list[tuple[str, ...]]:
        return search_words(text)


class PeopleFilterSet(SearchedFilterSet):
    row_model = models.Person
    relations = {
        "emails": HasRelation(
            "contacts",
            {"id": IdColumn("id"), "value": EmailColumn("value", canonical="canonical")},
            narrow=Q(type__kind=models.ContactKind.EMAIL),
        ),
        "phones": HasRelation(
            "contacts",
            {"id": IdColumn("id"), "value": PhoneColumn("value", canonical="canonical")},
            narrow=Q(type__kind__in=[models.ContactKind.PHONE, models.ContactKind.CELLPHONE]),
        ),
        "organization": HasRelation(
            # HAS knows the relation under both names.
            "organizations",
            {"id": IdColumn("id"), "name": TextColumn("name")},
            also="organizations",
        ),
        "tags": TAGS,
        "leads": HasRelation(
            "leads",
            {
                "id": IdColumn("id"),
                "uuid": UuidColumn("uuid"),
                # The contract has both names for a lead's title.
                "name": TextColumn("title"),
                "title": TextColumn("title"),
                "leads_receivers_id": IdColumn("receiver_id"),
                "leads_owner_id": IdColumn("owner_id"),
                "leads_status_id": IdColumn("status_id"),
                "leads_sources_id": IdColumn("source_id"),
                "leads_types_id": IdColumn("type_id"),
                "pipeline_stage_id": IdColumn("stage_id"),
            },
        ),
        "address": HasRelation(
            "addresses", {name: TextColumn(name) for name in ("address", "city", "state", "zip", "country")}
        ),
        "custom_fields": CustomFieldsRelation(EntityKind.PEOPLE),
    }
    order_columns = {
        name: name
        for name in ("id", "created_at", "updated_at", "name", "firstname", "lastname", "email", "dob")
    }

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    companies_id = IdColumn("company_id")
    name = TextColumn("name")
    firstname = TextColumn("firstname")
    middlename = TextColumn("middlename")
    lastname = TextColumn("lastname")
    email = EmailColumn("email")
    dob = DateColumn("dob")
    created_at = DateTimeColumn("created_at")
    updated_at = DateTimeColumn("updated_at")


class OrganizationFilterSet(SearchedFilterSet):
    row_model = models.Organization
    relations = {
        "peoples": HasRelation(
            "people",
            {
                "id": IdColumn("id"),
                "uuid": UuidColumn("uuid"),
                "name": TextColumn("name"),
                "email": EmailColumn("email"),
            },
        ),
        "tags": TAGS,
        "custom_fields": CustomFieldsRelation(EntityKind.ORGANIZATION),
    }
    order_columns = {name: name for name in ("id", "created_at", "updated_at", "name")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    companies_id = IdColumn("company_id")
    name = TextColumn("name")
    email = EmailColumn("email")
    address = TextColumn("address")
    created_at = DateTimeColumn("created_at")
    updated_at = DateTimeColumn("updated_at")


class ContactTypeFilterSet(ListFilterSet):
    row_model = models.ContactType
    order_columns = {name: name for name in ("id", "name", "created_at")}

    id = IdColumn("id")
    name = TextColumn("name")
