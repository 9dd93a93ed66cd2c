"""Lists hold the caller's own rows, whatever they are narrowed, ordered or searched by."""

from typing import Any

import pytest
from django.db.models import Q
from graphql import GraphQLField, GraphQLInputObjectType, get_named_type

from crm.graphql.absences import AbsenceFilterSet
from crm.graphql.activities import ActivityFilterSet
from crm.graphql.channels import ChannelMessageFilterSet, SocialChannelFilterSet
from crm.graphql.custom_fields import CustomFieldDefinitionFilterSet
from crm.graphql.import_mappings import ImportMappingFilterSet
from crm.graphql.imports import ImportJobFilterSet
from crm.graphql.lists.columns import Column, ListFilterSet
from crm.graphql.lists.operators import LISTS, NULL_TESTS, RANGES, SQLOperator
from crm.graphql.members import MemberFilterSet
from crm.graphql.notifications import NotificationFilterSet
from crm.graphql.queries import CompanyFilterSet, TagFilterSet, UserFilterSet
from crm.models import Activity, Notification, SocialChannel, User
from crm.models.activities import PLANNED_AT
from crm.models.activity_kinds import PLANNABLE
from leads.graphql import filters as leads
from leads.graphql.agents import AgentFilterSet
from leads.graphql.lookups import LeadLostReasonFilterSet
from leads.graphql.receivers import ReceiverAttemptFilterSet
from leads.graphql.relationships import PeopleRelationshipFilterSet
from leads.graphql.rotations import LeadRotationFilterSet, LeadRoutingLogFilterSet
from leads.models import Lead
from people.graphql import filters as people
from people.graphql.merges import MergeFilterSet
from people.models import ContactType
from pipelines.graphql import filters as pipelines
from tests.clients import GraphQLSchema
from tests.rows.registry import kind_of
from tests.tenants.leaks import read
from tests.tenants.untied import untied
from tests.tenants.walk import is_list_of_pages, operations, selection_of
from tests.tenants.world import MARK, Side, World

#: The columns of each list.
LISTED: dict[str, type[ListFilterSet]] = {
    "absences": AbsenceFilterSet,
    "agents": AgentFilterSet,
    "leadRoutingLogs": LeadRoutingLogFilterSet,
    "leadsRotations": LeadRotationFilterSet,
    "channelMessages": ChannelMessageFilterSet,
    "companies": CompanyFilterSet,
    "members": MemberFilterSet,
    "contactType": people.ContactTypeFilterSet,
    "customFieldDefinitions": CustomFieldDefinitionFilterSet,
    "importMappings": ImportMappingFilterSet,
    "imports": ImportJobFilterSet,
    "leadLostReasons": LeadLostReasonFilterSet,
    "leadReceivers": leads.LeadReceiverFilterSet,
    "leadSources": leads.LeadSourceFilterSet,
    "leadStatuses": leads.LeadStatusFilterSet,
    "leadTypes": leads.LeadTypeFilterSet,
    "leads": leads.LeadFilterSet,
    "merges": MergeFilterSet,
    "notifications": NotificationFilterSet,
    "organizations": people.OrganizationFilterSet,
    "peoples": people.PeopleFilterSet,
    "peopleRelationships": PeopleRelationshipFilterSet,
    "pipelines": pipelines.PipelineFilterSet,
    "receiverAttempts": ReceiverAttemptFilterSet,
    "socialChannels": SocialChannelFilterSet,
    "tags": TagFilterSet,
    "tasks": ActivityFilterSet,
    "users": UserFilterSet,
}
#: Lists that are tried on another row than their model's: it has more of the columns that lists compare.
RICHER = {"merges": "undone_merge", "receiverAttempts": "delivered_attempt"}
LISTS_OF_SCHEMA = {
    coordinate.removeprefix("Query."): field
    for coordinate, field in operations(GraphQLSchema).items()
    # Clusters are no rows, and are asked for without conditions; a list of one record stands by its record.
    # Numbers are no rows either: tests/graphql/leads/test_dashboard.py holds them to the company.
    if is_list_of_pages(field)
    and "where" in field.args
    and "entity_id" not in field.args
    and coordinate != "Query.leadsDashboard"
}
#: Words that rows of both companies are found by, and one that only rows of the other company hold.
WORDS = ("Jane", "jane@example.com", "5550101", "Acme", "Enterprise", "VIP", "Agent", "Northwind", MARK)


#: Enough where it counts which rows are found, and not what they hold.
KEYS_SELECTED = "{ data { __typename id } paginatorInfo { total } }"


def rows_selected(name: str) -> str:
    return selection_of(LISTS_OF_SCHEMA[name])


def expected_keys(own: Side, name: str) -> set[str]:
    """Return the ids of a company's live rows without using ``visible_to``."""
    model = LISTED[name].row_model
    rows = model._base_manager.filter(pk__in=own.keys[model._meta.db_table])
    if any(column.name == "deleted_at" for column in model._meta.concrete_fields):
        rows = rows.filter(deleted_at=None)
    if model is SocialChannel:
        # Gone with its record.
        rows = rows.exclude(slug=str(own.rows["deleted_lead"].uuid))  # type: ignore[attr-defined]  # a lead
    if name == "tasks":
        rows = rows.filter(kind__in=PLANNABLE)
    if model is Notification:
        # Each member's own.
        rows = rows.filter(user=own.tenant.users["admin"])
    keys = {str(pk) for pk in rows.values_list("pk", flat=True)}
    if model is ContactType:
        keys |= {str(pk) for pk in ContactType.objects.filter(company=None).values_list("pk", flat=True)}
    if name == "agents":
        keys -= {str(pk) for pk in model._base_manager.filter(role="VIEWER").values_list("pk", flat=True)}
    if model is User:
        keys.add(str(model._base_manager.get(username="both").pk))
    return keys


def keys_of(page: dict[str, Any]) -> set[str]:
    return {row["id"] for row in page["data"]}


def test_a_list_holds_all_own_rows_and_counts_no_others(world: World):
    actor = world.own.tenant.actors.admin
    for name in LISTED:
        expected = expected_keys(world.own, name)

        page = read(f"{{ {name}(first: 100) {rows_selected(name)} }}", actor=actor, other=world.other)[name]

        assert expected, name
        assert keys_of(page) == expected, name
        assert page["paginatorInfo"]["total"] == len(expected), name


def test_every_list_has_a_case():
    assert set(LISTED) == set(LISTS_OF_SCHEMA)


def test_every_column_of_where_and_order_is_known():
    for name, field in LISTS_OF_SCHEMA.items():
        filterset = LISTED[name]

        assert enum_of(field, "where") == {column.upper() for column in filterset.columns()}
        assert enum_of(field, "orderBy") == {column.upper() for column in filterset.order_columns}


def enum_of(field: GraphQLField, argument: str) -> set[str]:
    input_type = get_named_type(field.args[argument].type)
    assert isinstance(input_type, GraphQLInputObjectType)
    column: Any = get_named_type(input_type.fields["column"].type)
    return set(column.values)


@pytest.mark.one_database
def test_where_finds_own_rows_alone(world: World):
    columns = [
        (name, place, column_name, column)
        for name, filterset in LISTED.items()
        for place, (column_name, column) in enumerate(filterset.columns().items())
    ]
    for name, place, column_name, column in columns:
        # Each column, and in turn each operator: what is compared does not decide on whose rows it is.
        others = sorted(column.operators - {SQLOperator.EQ}, key=lambda each: each.value)
        tried = [SQLOperator.EQ, *(others[(place + step) % len(others)] for step in (0, 1))]
        value = value_of(tried_rows(name, world.other), column)
        fields = [
            f"{operator.value}: {name}(first: 100, where: {condition(column_name, operator, value)})"
            f" {KEYS_SELECTED}"
            for operator in dict.fromkeys(tried)
        ]

        answer = read(f"{{ {' '.join(fields)} }}", actor=world.own.tenant.actors.admin, other=world.other)

        totals = [page["paginatorInfo"]["total"] == len(page["data"]) for page in answer.values()]
        assert all(totals), column_name
        if value is not None and is_key(column):
            assert answer["EQ"]["data"] == [], column_name


def tried_rows(name: str, other: Side) -> list[Any]:
    """Return the rows of the other company whose values are asked for."""
    if name == "tasks":
        rows = Activity.objects.filter(pk__in=other.keys["crm_activity"], kind__in=PLANNABLE)
        return list(rows.annotate(planned_at=PLANNED_AT, done=Q(done_at__isnull=False)))
    return [other.rows[RICHER.get(name) or kind_of(LISTED[name].row_model)]]


def value_of(rows: list[Any], column: Column) -> Any:
    """Return the first value that one of these rows has in a column."""
    for row in rows:
        value = row
        for part in column.field_name.split("__"):
            value = getattr(value, part, 1)
        if value is not None:
            return value
    return None


def is_key(column: Column) -> bool:
    """Return whether a column identifies rows of one company: others cannot share its values."""
    name: str = column.field_name
    return name.endswith("_id") or name in ("id", "uuid")


def condition(column: str, operator: SQLOperator, value: Any) -> str:
    given = str(value).lower() if isinstance(value, bool) else f'"{value}"'
    if operator in LISTS:
        given = f"[{given}, {given}]" if operator in RANGES else f"[{given}]"
    said = "" if operator in NULL_TESTS else f", value: {given}"
    return f"{{column: {column.upper()}, operator: {operator.value}{said}}}"


@pytest.mark.one_database
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_order_adds_and_removes_nothing(world: World, direction: str):
    for name, filterset in LISTED.items():
        fields = [
            f"{column}: {name}(first: 100, orderBy: [{{column: {column.upper()}, order: {direction}}}])"
            f" {rows_selected(name)}"
            for column in filterset.order_columns
        ]

        answer = read(f"{{ {' '.join(fields)} }}", actor=world.own.tenant.actors.admin, other=world.other)

        expected = expected_keys(world.own, name)
        assert [keys_of(page) for page in answer.values()] == [expected] * len(fields), name


def test_search_finds_own_rows_alone(world: World):
    for name in [name for name, field in LISTS_OF_SCHEMA.items() if "search" in field.args]:
        fields = [
            f'a{index}: {name}(first: 100, search: "{word}") {rows_selected(name)}'
            for index, word in enumerate(WORDS)
        ]

        answer = read(f"{{ {' '.join(fields)} }}", actor=world.own.tenant.actors.admin, other=world.other)

        assert any(page["data"] for page in answer.values()), name
        assert answer[f"a{WORDS.index(MARK)}"]["data"] == [], name


def test_counts_leave_out_leads_of_another_company_that_stand_in_own_rows(world: World):
    document = """{
        pipelines { data { __typename id lead_count stage_count stages { __typename id lead_count } } }
        leadReceivers { data { __typename id total_leads } }
    }"""
    actor = world.own.tenant.actors.admin
    before = read(document, actor=actor, other=world.other)
    with untied():
        Lead.objects.filter(pk=world.other.rows["lead"].pk).update(
            stage=world.own.rows["stage"],
            pipeline=world.own.rows["pipeline"],
            receiver=world.own.rows["receiver"],
        )

    after = read(document, actor=actor, other=world.other)

    assert sum(pipeline["lead_count"] for pipeline in before["pipelines"]["data"]) == 2
    assert [receiver["total_leads"] for receiver in before["leadReceivers"]["data"]] == [2, 0]
    assert after == before


def test_a_member_of_both_companies_has_the_role_of_the_current_one(world: World):
    document = '{ users(where: {column: DISPLAYNAME, value: "Both"}) { data { __typename id role } } }'

    own = read(document, actor=world.own.tenant.actors.admin, other=world.other)
    other = read(document, actor=world.other.tenant.actors.admin, other=world.own)

    assert [user["role"] for user in own["users"]["data"]] == ["AGENT"]
    assert [user["role"] for user in other["users"]["data"]] == ["ADMIN"]
