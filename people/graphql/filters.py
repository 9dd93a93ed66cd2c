"""Columns of the lists of people and organizations."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from crm.actors import Actor
from crm.graphql.lists.canonical_columns import CANONICAL, CanonicalColumn, EmailColumn
from crm.graphql.lists.columns import (
    BooleanColumn,
    DateColumn,
    DateTimeColumn,
    HasRelation,
    IdColumn,
    IntegerColumn,
    ListFilterSet,
    TextColumn,
    UuidColumn,
)
from crm.graphql.lists.custom_field_columns import CustomFieldsRelation
from crm.graphql.lists.money_columns import AmountColumn, CurrencyColumn
from crm.graphql.lists.operators import EQUAL, SQLOperator, column_condition, expression_condition
from crm.models import EntityKind
from crm.models.companies import region_of
from people import models
from people.models.phones import LONGEST_DIALLED, looked_up_number
from people.models.searches import search_words


class PhoneColumn(CanonicalColumn):
    """A phone number, equal in every spelling.

    A value with an extension is that alone; one without is the whole switchboard, and one that no numbering
    plan knows is found by its digits.

    :param dialled: the column of the number without its extension.
    """

    def __init__(self, field_name: str, *, canonical: str | None = None, dialled: str | None = None) -> None:
        super().__init__(field_name, canonical=canonical)
        self._dialled = dialled or f"{field_name}_dialled"

    def condition_on(self, operator: SQLOperator, operand: object) -> Q:
        if operator not in CANONICAL:
            return super().condition_on(operator, operand)
        # No number without an extension equals one with, so both columns are compared with the same values:
        # the statement does not depend on them.
        given = EQUAL.get(operator, operator)
        either = Q()
        for column in (self._dialled, self.compared_column(operator)):
            either |= column_condition(column, given, operand)
        return either if given is operator else ~either & Q(**{f"{self._dialled}__isnull": False})

    def canonical(self, texts: Sequence[str], actor: Actor) -> list[str]:
        region = region_of(actor) if any(not text.startswith("+") for text in texts) else None
        return [looked_up_number(text, region)[:LONGEST_DIALLED] for text in texts]


class ProbabilityColumn(IntegerColumn):
    """The probability of a lead as the API shows it, which may be its stage's."""

    def condition_on(self, operator: SQLOperator, operand: object) -> Q:
        # Leads are an app above this one.
        lead: Any = models.Person._meta.get_field("leads").related_model
        return expression_condition(lead.win_probability(), operator, operand)


TAGS = HasRelation("tags", {"id": IdColumn("id"), "name": TextColumn("name"), "slug": TextColumn("slug")})


class SearchedFilterSet(ListFilterSet):
    """Base of lists whose rows have a ``search_text``."""

    search_method = "search"

    @classmethod
    def words(cls, text: str, actor: Actor) -> list[tuple[str, ...]]:
        return search_words(text, region_of(actor))


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
            {"id": IdColumn("id"), "value": PhoneColumn("value", canonical="canonical", dialled="dialled")},
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
                "amount": AmountColumn("amount"),
                "currency": CurrencyColumn("currency"),
                "expected_close_on": DateColumn("expected_close_on"),
                "probability": ProbabilityColumn("probability"),
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
    external_id = TextColumn("external_id")
    external_source = TextColumn("external_source")
    dob = DateColumn("dob")
    do_not_contact = BooleanColumn("do_not_contact")
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
    external_id = TextColumn("external_id")
    external_source = TextColumn("external_source")
    address = TextColumn("address")
    created_at = DateTimeColumn("created_at")
    updated_at = DateTimeColumn("updated_at")


class ContactTypeFilterSet(ListFilterSet):
    row_model = models.ContactType
    order_columns = {name: name for name in ("id", "name", "created_at")}

    id = IdColumn("id")
    name = TextColumn("name")
