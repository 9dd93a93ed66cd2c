"""Filters on related rows: the ``has...`` arguments of lists."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.actors import Actor
from crm.authentication import actor_for
from crm.graphql.core.arguments import studly
from crm.models.companies import LeadVisibility
from leads.models import LeadParticipant
from people.models import ContactType
from tests.clients import GraphQLSchema, data, refusal
from tests.each_case import each_case
from tests.factories.crm import TagFactory, Tenant
from tests.factories.leads import LeadFactory, LeadReceiverFactory, LeadSourceFactory, LeadTypeFactory
from tests.factories.people import AddressFactory, ContactFactory, OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.graphql.lists.asking import where

pytestmark = pytest.mark.django_db

NAMES = {"peoples": "firstname", "organizations": "name", "leads": "title", "pipelines": "name"}


def query(field: str, has: str) -> str:
    kind = f"Query{studly(field)}{studly(has)}WhereHasConditions"
    return f"query($has: {kind}) {{ {field}({has}: $has, first: 100) {{ data {{ {NAMES[field]} }} }} }}"


def having(field: str, has: str, condition: Any, *, actor: Actor) -> list[str]:
    """Query a list with a filter on one relation, and return the names of its rows."""
    rows = data(query(field, has), actor=actor, variables={"has": condition})[field]["data"]
    return [row[NAMES[field]] for row in rows]


def shared_type(kind: str) -> ContactType:
    return ContactType.objects.get(company=None, kind=kind)


def fill(tenant: Tenant) -> dict[str, Any]:
    """Create a person, organization, lead and pipeline with rows in all relations, and ones without."""
    company, agent = tenant.company, tenant.users["agent"]
    tag = TagFactory(company=company, name="Very Important", slug="vip")
    organization = OrganizationFactory(company=company, name="Acme", custom_fields={"size": 40})
    person = PersonFactory(
        company=company, firstname="Anna", lastname="Roe", email="Anna@X.example", custom_fields={"size": 42}
    )
    person.organizations.add(organization)
    ContactFactory(person=person, type=shared_type("EMAIL"), value="Anna@Example.com")
    ContactFactory(person=person, type=shared_type("PHONE"), value="(212) 555-0101")
    AddressFactory(person=person, city="Lyon", country="FR")
    pipeline = PipelineFactory(company=company, name="Partners")
    stage = StageFactory(company=company, pipeline=pipeline, name="Talks")
    lead = LeadFactory(
        company=company,
        title="Deal",
        person=person,
        organization=organization,
        owner=agent,
        stage=stage,
        receiver=LeadReceiverFactory(company=company, name="Form"),
        type=LeadTypeFactory(company=company, name="Warm"),
        source=LeadSourceFactory(company=company, name="Fair"),
        custom_fields={"size": 44},
    )
    LeadParticipant.objects.create(lead=lead, user=agent)
    for record in (person, organization, lead):
        record.tags.add(tag)
    PersonFactory(company=company, firstname="Bert")
    OrganizationFactory(company=company, name="Bare")
    LeadFactory(company=company, title="Bare")
    return {
        "tag": tag,
        "organization": organization,
        "person": person,
        "pipeline": pipeline,
        "stage": stage,
        "lead": lead,
        "agent": agent,
        "receiver": lead.receiver,
        "type": lead.type,
        "source": lead.source,
        "status": lead.status,
        "company": company,
    }


#: List and relation; a condition that its row meets; one that none meets; the row found.
CASES = [
    ("peoples", "hasEmails", where("VALUE", "EQ", "anna@example.COM"), where("VALUE", "EQ", "x@y.z"), "Anna"),
    ("peoples", "hasEmails", where("VALUE", "LIKE", "anna%"), where("VALUE", "LIKE", "%555%"), "Anna"),
    ("peoples", "hasPhones", where("VALUE", "EQ", "+1 212-555-0101"), where("VALUE", "EQ", "555"), "Anna"),
    ("peoples", "hasPhones", where("VALUE", "LIKE", "(212)%"), where("VALUE", "LIKE", "%example%"), "Anna"),
    ("peoples", "hasOrganization", where("NAME", "EQ", "Acme"), where("NAME", "EQ", "Bare"), "Anna"),
    ("peoples", "hasTags", where("SLUG", "EQ", "vip"), where("SLUG", "EQ", "other"), "Anna"),
    ("peoples", "hasLeads", where("NAME", "EQ", "Deal"), where("NAME", "EQ", "Bare"), "Anna"),
    ("peoples", "hasLeads", where("TITLE", "LIKE", "de%"), where("LEADS_OWNER_ID", "IS_NULL"), "Anna"),
    ("peoples", "hasAddress", where("CITY", "EQ", "Lyon"), where("ZIP", "IS_NOT_NULL"), "Anna"),
    ("peoples", "hasCustomFields", where("NAME", "EQ", "size"), where("NAME", "EQ", "age"), "Anna"),
    ("peoples", "hasCustomFields", where("VALUE", "GT", 41), where("VALUE", "GT", 42), "Anna"),
    (
        "organizations",
        "hasPeoples",
        where("EMAIL", "EQ", "ANNA@x.example"),
        where("EMAIL", "EQ", "b"),
        "Acme",
    ),
    ("organizations", "hasPeoples", where("NAME", "EQ", "Anna Roe"), where("NAME", "EQ", "Bert"), "Acme"),
    ("organizations", "hasTags", where("NAME", "LIKE", "very%"), where("NAME", "LIKE", "_"), "Acme"),
    ("organizations", "hasCustomFields", where("VALUE", "EQ", 40), where("VALUE", "EQ", "40"), "Acme"),
    ("pipelines", "hasStages", where("NAME", "EQ", "Talks"), where("NAME", "EQ", "Nothing"), "Partners"),
    ("leads", "hasStatus", where("CATEGORY", "EQ", "OPEN"), where("CATEGORY", "EQ", "WON"), "Deal"),
    ("leads", "hasType", where("NAME", "EQ", "Warm"), where("NAME", "EQ", "Cold"), "Deal"),
    ("leads", "hasSource", where("NAME", "EQ", "Fair"), where("NAME", "EQ", "Web"), "Deal"),
    ("leads", "hasPipeline", where("NAME", "EQ", "Partners"), where("NAME", "EQ", "x"), "Deal"),
    ("leads", "hasStage", where("NAME", "EQ", "Talks"), where("NAME", "EQ", "x"), "Deal"),
    ("leads", "hasReceiver", where("NAME", "EQ", "Form"), where("NAME", "EQ", "x"), "Deal"),
    ("leads", "hasOwner", where("DISPLAYNAME", "LIKE", "agent%"), where("DISPLAYNAME", "EQ", "x"), "Deal"),
    ("leads", "hasPeople", where("EMAIL", "EQ", "anna@x.example"), where("NAME", "EQ", "Bert"), "Deal"),
    ("leads", "hasOrganization", where("NAME", "EQ", "Acme"), where("NAME", "EQ", "Bare"), "Deal"),
    (
        "leads",
        "hasParticipants",
        where("DISPLAYNAME", "LIKE", "ag%"),
        where("DISPLAYNAME", "EQ", "x"),
        "Deal",
    ),
    ("leads", "hasTags", where("SLUG", "EQ", "vip"), where("NAME", "EQ", "vip"), "Deal"),
    ("leads", "hasCustomFields", where("VALUE", "BETWEEN", [44, 45]), where("VALUE", "LIKE", "44"), "Deal"),
]
#: The row behind each relation of a list, whose id and UUID are columns too.
BEHIND = {
    ("peoples", "hasOrganization"): "organization",
    ("peoples", "hasTags"): "tag",
    ("peoples", "hasLeads"): "lead",
    ("organizations", "hasPeoples"): "person",
    ("organizations", "hasTags"): "tag",
    ("pipelines", "hasStages"): "stage",
    ("leads", "hasStatus"): "status",
    ("leads", "hasType"): "type",
    ("leads", "hasSource"): "source",
    ("leads", "hasPipeline"): "pipeline",
    ("leads", "hasStage"): "stage",
    ("leads", "hasReceiver"): "receiver",
    ("leads", "hasOwner"): "agent",
    ("leads", "hasPeople"): "person",
    ("leads", "hasOrganization"): "organization",
    ("leads", "hasParticipants"): "agent",
    ("leads", "hasTags"): "tag",
}


@pytest.mark.parametrize(("field", "has", "met", "unmet", "found"), CASES)
def test_rows_with_a_matching_related_row_are_found(tenant, actors, field, has, met, unmet, found):
    fill(tenant)

    assert found in having(field, has, met, actor=actors.viewer)
    assert having(field, has, unmet, actor=actors.viewer) == []
    assert having(field, has, {"OR": [unmet, met]}, actor=actors.viewer) == having(
        field, has, met, actor=actors.viewer
    )
    assert having(field, has, {**met, "AND": [unmet]}, actor=actors.viewer) == []


@pytest.mark.parametrize(("field", "has"), list(BEHIND))
def test_related_rows_are_matched_by_key_within_the_company(tenant, other_tenant, actors, field, has):
    row = fill(tenant)[BEHIND[field, has]]
    foreign = fill(other_tenant)[BEHIND[field, has]]

    def found(column: str, value: Any) -> list[str]:
        return having(field, has, where(column, "EQ", value), actor=actors.viewer)

    assert found("ID", row.pk)
    assert found("ID", foreign.pk) == []
    kind: Any = GraphQLSchema.type_map[f"Query{studly(field)}{studly(has)}Column"]
    if "UUID" in kind.values:
        assert found("UUID", str(row.uuid))
        assert found("UUID", str(foreign.uuid)) == []


@pytest.mark.parametrize(
    ("field", "has", "deleted"),
    [
        ("peoples", "hasOrganization", "organization"),
        ("peoples", "hasLeads", "lead"),
        ("organizations", "hasPeoples", "person"),
        ("pipelines", "hasStages", "stage"),
        ("leads", "hasPeople", "person"),
        ("leads", "hasOrganization", "organization"),
        ("leads", "hasStage", "stage"),
        ("leads", "hasPipeline", "pipeline"),
    ],
)
def test_deleted_rows_do_not_count(tenant, actors, field, has, deleted):
    row = fill(tenant)[deleted]
    condition = where("ID", "EQ", row.pk)
    assert len(having(field, has, condition, actor=actors.viewer)) == 1

    type(row).objects.filter(pk=row.pk).update(deleted_at=timezone.now())

    assert having(field, has, condition, actor=actors.viewer) == []


def test_leads_hidden_from_the_actor_do_not_count(tenant, company, actors):
    company.lead_visibility = LeadVisibility.OWN
    company.save()
    own = PersonFactory(company=company, firstname="Own")
    hidden = PersonFactory(company=company, firstname="Hidden")
    LeadFactory(company=company, person=own, owner=tenant.users["agent"])
    LeadFactory(company=company, person=hidden, owner=tenant.users["colleague"])
    agent = actor_for(tenant.users["agent"], company, door=actors.agent.door)
    manager = actor_for(tenant.users["manager"], company, door=actors.agent.door)

    assert having("peoples", "hasLeads", {}, actor=agent) == ["Own"]
    assert having("peoples", "hasLeads", {}, actor=manager) == ["Own", "Hidden"]


def test_null_is_no_condition_and_an_empty_one_matches_any_row(tenant, actors):
    fill(tenant)

    assert having("peoples", "hasPhones", None, actor=actors.viewer) == ["Anna", "Bert"]
    assert having("peoples", "hasPhones", {}, actor=actors.viewer) == ["Anna"]
    assert having("peoples", "hasCustomFields", {}, actor=actors.viewer) == ["Anna"]


def test_all_filters_must_hold(tenant, actors):
    fill(tenant)
    document = (
        '{ peoples(hasTags: {column: SLUG, value: "vip"}, hasPhones: {column: VALUE, value: "2125550101"},'
        ' where: {column: FIRSTNAME, value: "%s"}) { data { firstname } paginatorInfo { total } } }'
    )

    def found(name: str) -> Any:
        return data(document % name, actor=actors.viewer)["peoples"]

    assert found("Anna") == {"data": [{"firstname": "Anna"}], "paginatorInfo": {"total": 1}}
    assert found("Bert") == {"data": [], "paginatorInfo": {"total": 0}}


def test_two_conditions_must_hold_for_one_row(tenant, actors):
    person = PersonFactory(company=tenant.company, firstname="Anna")
    AddressFactory(person=person, city="Lyon", country="FR")
    AddressFactory(person=person, city="Rome", country="IT")
    lyon, rome_country = where("CITY", "EQ", "Lyon"), where("COUNTRY", "EQ", "IT")

    assert having("peoples", "hasAddress", {"AND": [lyon, rome_country]}, actor=actors.viewer) == []
    assert having("peoples", "hasAddress", {"OR": [lyon, rome_country]}, actor=actors.viewer) == ["Anna"]


@each_case(
    ("field", "has", "condition", "message"),
    [
        ("peoples", "hasTags", where("ID", "EQ", "x"), "The value does not fit the column ID."),
        ("peoples", "hasTags", where("ID", "LIKE", "1%"), "The operator LIKE does not fit the column ID."),
        (
            "leads",
            "hasStatus",
            where("NAME"),
            "Did not receive a value to match the WhereConditions for column NAME.",
        ),
        (
            "leads",
            "hasCustomFields",
            where("VALUE", "EQ", {"a": 1}),
            "The value does not fit the column VALUE.",
        ),
        ("leads", "hasCustomFields", where("VALUE", "GT", True), "The value does not fit the column VALUE."),
        (
            "leads",
            "hasCustomFields",
            where("VALUE", "BETWEEN", [1, "a"]),
            "The value does not fit the column VALUE.",
        ),
        ("leads", "hasCustomFields", where("VALUE", "LIKE", 4), "The value does not fit the column VALUE."),
    ],
)
def test_refusals(actors, field, has, condition, message):
    error = refusal(query(field, has), actor=actors.viewer, variables={"has": condition})

    assert (error["message"], error["extensions"]["code"]) == (message, "BAD_USER_INPUT")


def test_a_column_of_another_relation_is_unknown(actors):
    error = refusal(
        query("leads", "hasStatus"), actor=actors.viewer, variables={"has": where("PASSWORD", "EQ", "x")}
    )

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


def test_nesting_and_relations_end_at_their_limits(tenant, actors):
    deep: dict[str, Any] = where("SLUG", "EQ", "vip")
    for _ in range(10):
        deep = {"AND": [deep]}
    error = refusal(query("peoples", "hasTags"), actor=actors.viewer, variables={"has": deep})
    assert error["message"] == "Conditions may be nested at most 10 levels deep."

    for _ in range(50):
        deep = {"AND": [deep]}
    error = refusal(query("peoples", "hasTags"), actor=actors.viewer, variables={"has": deep})
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "limit": "input_depth", "max": 50}


ALL_OF_LEADS = " ".join(
    f"{has}: {{}}" for field, has in dict.fromkeys((case[0], case[1]) for case in CASES) if field == "leads"
)


def test_statements_do_not_grow_with_the_rows(tenant, actors):
    def statements(found: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = data(f"{{ leads({ALL_OF_LEADS}) {{ data {{ title }} }} }}", actor=actors.viewer)
        assert len(answer["leads"]["data"]) == found
        return len(queries)

    lead = fill(tenant)["lead"]
    one = statements(1)
    for _ in range(3):
        tags = list(lead.tags.all())
        lead.pk, lead.uuid, lead._state.adding = None, uuid.uuid4(), True
        lead.save()
        lead.participants.add(tenant.users["agent"])
        lead.tags.add(*tags)

    assert statements(4) == one == 1
