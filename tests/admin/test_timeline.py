"""The timeline below a record's form, and the form for notes and tasks."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Activity
from crm.services.activities import create_activity
from leads.services.leads import create_lead, update_lead
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.rows import page

pytestmark = pytest.mark.django_db
XSS = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture(params=["lead", "person", "organization"])
def record(request, actors):
    if request.param == "lead":
        return create_lead({"title": "Deal"}, actor=actors.agent)
    if request.param == "person":
        return create_person({"firstname": "Jane"}, actor=actors.agent)
    return create_organization({"name": "Acme"}, actor=actors.agent)


def change(record):
    return reverse(page(record, "change"), args=[record.pk])


def note(record):
    return reverse(page(record, "note"), args=[record.pk])


def test_a_note_is_added_and_shown_as_text(record, signed_in, actors):
    client = signed_in("agent")
    answer = client.post(note(record), {"kind": "NOTE", "text": XSS}, follow=True)

    added = Activity.objects.get()
    assert (added.text, added.kind, added.door, added.entity) == (XSS, "NOTE", "admin", record)
    assert added.user_id == actors.agent.user_id
    shown = answer.content.decode()
    assert XSS not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "The note was added." in shown


def test_changes_are_shown_with_door_and_values(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    update_lead(lead.pk, {"title": XSS}, actor=actors.agent)
    shown = signed_in("viewer").get(change(lead)).content.decode()
    assert XSS not in shown
    assert "by graphql" in shown
    assert "Deal &rarr; &lt;script&gt;" in " ".join(shown.split())


def test_who_may_only_look_sees_it_and_adds_nothing(record, signed_in):
    client = signed_in("viewer")
    shown = client.get(change(record)).content.decode()
    assert 'id="timeline"' in shown
    assert note(record) not in shown
    assert client.post(note(record), {"kind": "NOTE", "text": "A"}).status_code == 403
    assert Activity.objects.count() == 0


def test_an_empty_note_is_refused(record, signed_in):
    answer = signed_in("agent").post(note(record), {"kind": "NOTE", "text": " "}, follow=True)
    assert "Nothing was added" in answer.content.decode()
    assert Activity.objects.count() == 0


def test_records_of_another_company_do_not_exist(record, signed_in, other_actors):
    foreign = create_lead({"title": "Deal"}, actor=other_actors.agent)
    client = signed_in("admin")
    assert client.post(note(foreign), {"kind": "NOTE", "text": "A"}).status_code == 404
    assert client.get(note(record)).status_code == 405
    assert Activity.objects.count() == 0


def test_statements_do_not_grow_with_the_entries(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    client = signed_in("agent")

    def statements(number):
        for _ in range(number):
            create_activity({"entity_type": "LEAD", "entity_id": lead.pk, "text": "Note"}, actor=actors.agent)
        with CaptureQueriesContext(connection) as queries:
            client.get(change(lead))
        return len(queries)

    statements(1)
    assert statements(1) == statements(10)
