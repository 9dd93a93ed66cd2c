"""Undoing an import names what goes with its records, and names of a file are shown as they would be read."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin.labels import NONE
from leads.services.leads import create_lead, update_lead
from people.models import Organization, Person
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.test_imports import media, planned, uploaded  # noqa: F401 - a fixture of each test

pytestmark = pytest.mark.django_db
PEOPLE = (
    "firstname,organization,tags\n"
    "Ann,Acme,Fair 26\nBob,Brightwater,Fair 26\nCid,Cedar,Known\nDan,Known Ltd,Known\n"
)


@pytest.fixture
def client(signed_in: Any) -> Any:
    return signed_in("manager")


def imported(client: Any, content: str, model: str = "PEOPLE") -> Any:
    """Import a file; return the job."""
    plan = planned(client, uploaded(client, content, model)).context_data["job"]
    page = client.post(reverse("admin:apply_import", args=[plan.uuid]), follow=True)
    return page.context_data["job"]


def named(page: Any) -> dict[str, list[str]]:
    return {each.plural: [str(row) for row in each.rows] for each in page.context_data["beside"]}


def test_the_pages_name_what_goes_with_an_import(client, actors, django_capture_on_commit_callbacks):
    create_organization({"name": "Known Ltd", "tags": [{"name": "Known"}]}, actor=actors.agent)
    with django_capture_on_commit_callbacks(execute=True):
        job = imported(client, PEOPLE)
    assert job.created == 4
    # Somebody works with one of them meanwhile.
    cedar = Organization.objects.get(name="Cedar")
    create_lead({"title": "Deal", "organization_id": cedar.pk}, actor=actors.agent)
    undoing = reverse("admin:undo_import", args=[job.uuid])

    asked = client.get(undoing)
    undone = client.post(undoing, follow=True)

    assert named(asked) == {"organizations": ["Acme", "Brightwater"], "tags": ["Fair 26"]}
    text = " ".join(asked.content.decode().split())
    assert "These go too, since nothing else uses them:" in text
    assert "<li>Organizations: Acme, Brightwater</li>" in text
    assert named(undone) == {"organizations": ["Acme", "Brightwater"]}
    assert "These went too, since nothing else used them:" in undone.content.decode()
    # As it was said.
    left = set(Organization.objects.visible_to(actors.agent).values_list("name", flat=True))
    assert left == {"Cedar", "Known Ltd"}
    assert not Person.objects.visible_to(actors.agent).exists()


def test_links_that_an_import_of_leads_made_keep_nothing(client, actors, django_capture_on_commit_callbacks):
    for name in ("Ann", "Bob"):
        create_person({"firstname": name, "email": f"{name}@x.example"}, actor=actors.agent)
    rows = "title,person_email,organization\nA,ann@x.example,Acme\nB,bob@x.example,Brightwater\n"
    with django_capture_on_commit_callbacks(execute=True):
        job = imported(client, rows, "LEAD")
    # Ann and Bob were put into the organizations of their leads.
    assert Organization.objects.get(name="Acme").people.count() == 1
    kept = job.rows.order_by("number").last().object_id
    update_lead(kept, {"description": "Called"}, actor=actors.agent)
    undoing = reverse("admin:undo_import", args=[job.uuid])

    asked = named(client.get(undoing))
    undone = named(client.post(undoing, follow=True))

    # That of the other lead stays with it.
    assert asked == undone == {"organizations": ["Acme"]}


def test_many_are_counted_by_as_many_statements_as_one(client, django_capture_on_commit_callbacks):
    counted: list[int] = []
    page: Any = None
    for number in (1, 30):
        rows = "".join(f"P{number}x{each},Org {number}x{each}\n" for each in range(number))
        with django_capture_on_commit_callbacks(execute=True):
            job = imported(client, f"firstname,organization\n{rows}")
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse("admin:undo_import", args=[job.uuid]))
        counted.append(len(queries))
    [made] = page.context_data["beside"]
    assert (made.number, len(made.rows), made.left_out) == (30, 20, 10)
    assert "and 10 more" in page.content.decode()
    # One statement more counts those that are not named.
    assert counted[1] - counted[0] == 1


def test_the_question_about_names_shows_three_of_the_file(client):
    address = uploaded(client, "Name\nBerg Ann\nvan der Meer Jan\nNagy\nLast Cid\n")

    page = client.get(address)

    first, last = page.context_data["answers"]
    assert list(first.examples) == [
        "first name Berg, last name Ann",
        "first name van der Meer, last name Jan",
        f"first name Nagy, last name {NONE}",
    ]
    assert list(last.examples) == [
        "first name Ann, last name Berg",
        "first name Jan, last name van der Meer",
        f"first name {NONE}, last name Nagy",
    ]
    assert page.content.decode().count('class="example"') == 6
