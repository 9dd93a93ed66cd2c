"""Columns of the lists of leads and their lookups."""

from typing import Any

from django.db.models import IntegerField, Q

from crm.actors import Actor
from crm.graphql.lists.canonical_columns import EmailColumn
from crm.graphql.lists.columns import (
    BooleanColumn,
    ChoiceColumn,
    DateColumn,
    DateTimeColumn,
    HasRelation,
    IdColumn,
    ListFilterSet,
    TextColumn,
    UuidColumn,
)
from crm.graphql.lists.custom_field_columns import CustomFieldsRelation
from crm.graphql.lists.money_columns import AmountColumn, CurrencyColumn
from crm.graphql.lists.operators import NULL_TESTS, SQLOperator
from crm.models import EntityKind
from leads import models
from leads.models.deal_value import win_probability
from leads.models.rotting import is_rotting
from people.graphql.filters import TAGS, PhoneColumn, ProbabilityColumn, SearchedFilterSet


class RottingColumn(BooleanColumn):
    """Whether a lead is rotting, computed by the database."""

    operators = frozenset({SQLOperator.EQ, SQLOperator.NEQ}) | NULL_TESTS

    def condition(self, operator: SQLOperator, value: Any, *, name: str, actor: Actor) -> Q:
        if operator in NULL_TESTS and operator in self.operators:
            # The computed value is never null, as the primary key.
            return Q(pk__isnull=operator is SQLOperator.IS_NULL)
        # Only for its checks of operator and value: no column holds whether a lead is rotting.
        super().condition(operator, value, name=name, actor=actor)
        wanted = self.read(value) == (operator is SQLOperator.EQ)
        return is_rotting() if wanted else ~is_rotting()


NAMED = {"id": IdColumn("id"), "name": TextColumn("name")}
WITH_UUID = {"id": IdColumn("id"), "uuid": UuidColumn("uuid")}
NAMED_WITH_UUID = WITH_UUID | {"name": TextColumn("name")}
COLLEAGUE = WITH_UUID | {"displayname": TextColumn("displayname")}


class LeadFilterSet(SearchedFilterSet):
    row_model = models.Lead
    relations = {
        "custom_fields": CustomFieldsRelation(EntityKind.LEAD),
        "status": HasRelation(
            "status", NAMED | {"category": ChoiceColumn("category", words=models.StatusCategory.values)}
        ),
        "type": HasRelation("type", NAMED_WITH_UUID),
        "source": HasRelation("source", NAMED_WITH_UUID),
        "pipeline": HasRelation("pipeline", NAMED),
        "stage": HasRelation("stage", NAMED),
        "receiver": HasRelation("receiver", NAMED_WITH_UUID),
        "owner": HasRelation("owner", COLLEAGUE),
        "people": HasRelation("person", NAMED_WITH_UUID | {"email": EmailColumn("email")}),
        "organization": HasRelation("organization", NAMED_WITH_UUID),
        "participants": HasRelation("participants", COLLEAGUE),
        "tags": TAGS,
    }
    order_columns = {
        name: name
        for name in (
            "id",
            "created_at",
            "updated_at",
            "title",
            "firstname",
            "lastname",
            "email",
            "phone",
            "stage_changed_at",
            "last_activity_at",
            "closed_at",
            "amount",
            "currency",
            "expected_close_on",
        )
    } | {
        "status": "status__name",
        "pipeline_stage_id": "stage_id",
        # Not the annotation of the field, which exists only if it is selected.
        "probability": "ordered_probability",
    }
    computed_columns = {"ordered_probability": IntegerField()}
    order_expressions = {"ordered_probability": win_probability}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    companies_id = IdColumn("company_id")
    users_id = IdColumn("user_id")
    leads_owner_id = IdColumn("owner_id")
    leads_receivers_id = IdColumn("receiver_id")
    leads_status_id = IdColumn("status_id")
    # The contract has two names each for type and pipeline.
    leads_types_id = IdColumn("type_id")
    lead_types_id = IdColumn("type_id")
    leads_sources_id = IdColumn("source_id")
    title = TextColumn("title")
    external_id = TextColumn("external_id")
    external_source = TextColumn("external_source")
    firstname = TextColumn("firstname")
    lastname = TextColumn("lastname")
    email = EmailColumn("email")
    phone = PhoneColumn("phone")
    people_id = IdColumn("person_id")
    organization_id = IdColumn("organization_id")
    pipeline_id = IdColumn("pipeline_id")
    pipelines_id = IdColumn("pipeline_id")
    pipeline_stage_id = IdColumn("stage_id")
    # The contract filters and sorts by the status's name; leads_status_id is its id.
    status = TextColumn("status__name")
    is_rotting = RottingColumn("is_rotting")
    stage_changed_at = DateTimeColumn("stage_changed_at")
    last_activity_at = DateTimeColumn("last_activity_at")
    closed_at = DateTimeColumn("closed_at")
    amount = AmountColumn("amount")
    currency = CurrencyColumn("currency")
    expected_close_on = DateColumn("expected_close_on")
    probability = ProbabilityColumn("probability")
    created_at = DateTimeColumn("created_at")
    updated_at = DateTimeColumn("updated_at")


class LeadStatusFilterSet(ListFilterSet):
    row_model = models.LeadStatus
    order_columns = {name: name for name in ("id", "name", "weight")}

    id = IdColumn("id")
    name = TextColumn("name")
    category = ChoiceColumn("category", words=models.StatusCategory.values)
    is_default = BooleanColumn("is_default")


class DescribedLookupFilterSet(ListFilterSet):
    """Base of the lists of types and sources, whose models have the same columns."""

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    name = TextColumn("name")
    description = TextColumn("description")
    is_active = BooleanColumn("is_active")
    created_at = DateTimeColumn("created_at")
    updated_at = DateTimeColumn("updated_at")


class LeadTypeFilterSet(DescribedLookupFilterSet):
    row_model = models.LeadType
    order_columns = {
        name: name for name in ("id", "name", "description", "is_active", "created_at", "updated_at")
    }


class LeadSourceFilterSet(DescribedLookupFilterSet):
    row_model = models.LeadSource
    order_columns = {name: name for name in ("id", "name", "created_at", "updated_at")}


class LeadReceiverFilterSet(ListFilterSet):
    row_model = models.LeadReceiver
    order_columns = {name: name for name in ("id", "name", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    name = TextColumn("name")
    source_name = TextColumn("source_name")
    is_default = BooleanColumn("is_default")
    is_active = BooleanColumn("is_active")
