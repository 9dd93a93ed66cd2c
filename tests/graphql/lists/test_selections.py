"""Selections with aliases, fragments and directives: their results and the number of their statements."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import Lead
from people.models import Organization, Person
from pipelines.models import Pipeline, Stage
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.graphql.lists.world import TEXT, add_records

pytestmark = pytest.mark.django_db


def answered(document, actor, **variables):
    """Run a query, and return its data and the number of its statements."""
    with CaptureQueriesContext(connection) as captured:
        answer = data(document, actor=actor, variables=variables)
    return answer, len(captured)


@pytest.fixture
def lead(tenant):
    person = PersonFactory(company=tenant.company, firstname="Jane", lastname="Doe", email="jane@example.com")
    return LeadFactory(company=tenant.company, person=person, owner=tenant.users["agent"])


def test_two_aliases_of_one_list(lead, tenant, actors):
    LeadFactory(company=tenant.company, title="Other deal")
    document = """{
      one: leads(where: {column: TITLE, value: "Other deal"}) { data { title } paginatorInfo { total } }
      two: leads(orderBy: {column: TITLE, order: ASC}) { data { title people { name } } }
    }"""

    assert answered(document, actors.viewer) == (
        {
            "one": {"data": [{"title": "Other deal"}], "paginatorInfo": {"total": 1}},
            "two": {
                "data": [
                    {"title": "Enterprise deal", "people": {"name": "Jane Doe"}},
                    {"title": "Other deal", "people": None},
                ]
            },
        },
        2,
    )


def test_two_aliases_of_one_relation(lead, tenant, actors):
    add_records(tenant, 1)
    document = """{ leads(first: 1) { rows: data { a: people { name } b: people { email contacts { value } }
      c: stage { lead_count } d: stage { name } } data { id } } }"""

    answer, _statements = answered(document, actors.viewer)

    assert answer["leads"] == {
        "rows": [
            {
                "a": {"name": "Jane Doe"},
                "b": {"email": "jane@example.com", "contacts": []},
                "c": {"lead_count": 1},
                "d": {"name": "New"},
            }
        ],
        "data": [{"id": str(lead.pk)}],
    }


def test_fragments(lead, actors):
    document = """
      query { leads { ...page } }
      fragment page on LeadPaginator { data { ...row ... on Lead { title } ... { people { ...who } } } }
      fragment row on Lead { people { email } owner { displayname } }
      fragment who on People { name }
    """

    assert answered(document, actors.viewer) == (
        {
            "leads": {
                "data": [
                    {
                        "people": {"email": "jane@example.com", "name": "Jane Doe"},
                        "owner": {"displayname": "agent@tenant"},
                        "title": "Enterprise deal",
                    }
                ]
            }
        },
        1,
    )


@pytest.mark.usefixtures("standard_executor")
@pytest.mark.parametrize(
    ("deep", "row", "statements"),
    [
        (True, {"title": "Enterprise deal", "people": {"contacts": []}, "tags": []}, 3),
        (False, {"title": "Enterprise deal"}, 1),
    ],
)
def test_skip_and_include(lead, actors, deep, row, statements):
    document = """query($deep: Boolean!, $flat: Boolean!) {
      leads { data { title people @include(if: $deep) { contacts { value } }
        tags @skip(if: $flat) { name } } }
    }"""

    assert answered(document, actors.viewer, deep=deep, flat=not deep) == (
        {"leads": {"data": [row]}},
        statements,
    )


def test_deleted_related_rows_are_null(tenant, actors):
    add_records(tenant, 1)
    lead = Lead.objects.get()
    now = timezone.now()
    Person.objects.update(deleted_at=now)
    Organization.objects.update(deleted_at=now)
    single = "title people { name contacts { value } } organization { name }"

    by_list, _ = answered(f"{{ leads {{ data {{ {single} }} }} }}", actors.viewer)
    by_id, _ = answered(f"{{ lead(id: {lead.pk}) {{ {single} }} }}", actors.viewer)

    assert by_id["lead"] == {"title": TEXT, "people": None, "organization": None}
    assert by_list["leads"]["data"] == [by_id["lead"]]


def test_deleted_organizations_are_not_listed(tenant, actors):
    person = PersonFactory(company=tenant.company)
    gone, there = (OrganizationFactory(company=tenant.company, name=name) for name in ("Gone", "There"))
    person.organizations.add(gone, there)
    Organization.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())

    answer, _ = answered("{ peoples { data { organizations { name } } } }", actors.viewer)

    assert answer["peoples"]["data"] == [{"organizations": [{"name": "There"}]}]


def test_nested_lists_have_an_order(tenant, actors):
    add_records(tenant, 1)
    person = Person.objects.get()
    for name in ("Beta", "Alpha"):
        person.organizations.add(OrganizationFactory(company=tenant.company, name=name))
    Person.objects.update(custom_fields={"z": 1, "a": [2]})
    document = "{ peoples { data { organizations { name } custom_fields { name value } } } }"

    answer, _ = answered(document, actors.viewer)

    assert answer["peoples"]["data"] == [
        {
            "organizations": [{"name": TEXT}, {"name": "Alpha"}, {"name": "Beta"}],
            "custom_fields": [{"name": "a", "value": [2]}, {"name": "z", "value": 1}],
        }
    ]


def test_files(tenant, actors):
    add_records(tenant, 1)
    files = "files { name url size type field_name }"
    document = f"{{ leads {{ data {{ {files} people {{ {files} }} organization {{ {files} }} }} }} }}"

    answer, statements = answered(document, actors.viewer)

    shown = [
        {
            "name": TEXT,
            "url": "https://files.example.com/offer.pdf",
            "size": 0.0,
            "type": None,
            "field_name": TEXT,
        }
    ]
    assert answer["leads"]["data"] == [
        {"files": shown, "people": {"files": shown}, "organization": {"files": shown}}
    ]
    assert statements == 4


@pytest.mark.usefixtures("standard_executor")
def test_channels(tenant, actors):
    add_records(tenant, 1)
    lead = Lead.objects.get()
    document = (
        "{ leads { data { channels { name slug entity_namespace entity_id users { displayname } } } } }"
    )

    # Django caches content types in the process.
    answered(document, actors.viewer)
    answer, statements = answered(document, actors.viewer)

    assert answer["leads"]["data"][0]["channels"] == [
        {
            "name": TEXT,
            "slug": str(lead.uuid),
            "entity_namespace": "lead",
            "entity_id": str(lead.pk),
            "users": [{"displayname": TEXT}],
        }
    ]
    assert statements == 3


@pytest.mark.usefixtures("standard_executor")
def test_counts_of_pipelines_are_of_live_visible_rows(tenant, actors):
    gone = LeadFactory(company=tenant.company)
    Lead.objects.update(deleted_at=timezone.now())
    LeadFactory(company=tenant.company, stage=gone.stage)
    default = Pipeline.objects.get()
    default.stages.filter(name="Negotiation").update(deleted_at=timezone.now())
    document = "{ pipelines { data { stage_count lead_count stages { name lead_count } } } }"

    assert answered(document, actors.viewer) == (
        {
            "pipelines": {
                "data": [
                    {
                        "stage_count": 3,
                        "lead_count": 1,
                        "stages": [
                            {"name": "New", "lead_count": 1},
                            {"name": "Contacted", "lead_count": 0},
                            {"name": "Proposal", "lead_count": 0},
                        ],
                    }
                ]
            }
        },
        2,
    )


@pytest.mark.parametrize(
    "field", ["people", "organization", "lead", "pipeline", "user"], ids=lambda field: f"{field} by uuid"
)
def test_single_rows_are_found_by_id(tenant, actors, field):
    add_records(tenant, 1)
    rows = {
        "people": Person.objects.get(),
        "organization": Organization.objects.get(),
        "lead": Lead.objects.get(),
        "pipeline": Pipeline.objects.get(is_default=True),
        "user": tenant.users["agent"],
    }
    row = rows[field]

    answer, statements = answered(
        f'{{ one: {field}(id: {row.pk}) {{ id }} two: {field}(id: "{row.uuid}") {{ id }} }}', actors.viewer
    )

    assert (answer, statements) == ({"one": {"id": str(row.pk)}, "two": {"id": str(row.pk)}}, 2)


def test_a_derived_and_a_computed_field_of_one_related_row(lead, actors):
    """The stage is prefetched for its computed count, and ``rotting_reason`` derives from its columns."""
    long_ago = timezone.now() - timedelta(days=400)
    Lead.objects.filter(pk=lead.pk).update(last_activity_at=long_ago, stage_changed_at=long_ago)
    document = "{ leads { data { rotting_reason stage { name lead_count pipeline { lead_count } } } } }"

    answer, _ = answered(document, actors.viewer)

    [row] = answer["leads"]["data"]
    assert row["rotting_reason"].startswith("400 days since")
    assert row["stage"] == {"name": lead.stage.name, "lead_count": 1, "pipeline": {"lead_count": 1}}
    Stage.objects.filter(pk=lead.stage_id).update(deleted_at=timezone.now())
    [gone] = answered(document, actors.viewer)[0]["leads"]["data"]
    assert gone == {"rotting_reason": None, "stage": None}


@pytest.mark.usefixtures("standard_executor")
def test_a_batched_list_loads_the_selections_of_all_its_aliases(actors, company):
    answers = [
        data(f"{{ me {{ a: companies {{ {first} }} b: companies {{ {second} }} }} }}", actor=actors.admin)
        for first, second in [("id my_role", "id"), ("id", "my_role")]
    ]

    key = {"id": str(company.pk)}
    assert answers == [
        {"me": {"a": [key | {"my_role": "ADMIN"}], "b": [key]}},
        {"me": {"a": [key], "b": [{"my_role": "ADMIN"}]}},
    ]
