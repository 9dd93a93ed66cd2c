"""Each answer of a receiver, and the rows that are stored with it."""

import logging
import uuid

import pytest
from django.db import OperationalError
from django.test import Client

from leads import intake
from leads.models import AttemptStatus, Lead, LeadRoutingLog, ReceiverAttempt, RoutingOutcome
from people.models import Organization, Person
from tests.factories.leads import LeadSourceFactory, LeadTypeFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import business_rows, deliver, deliver_body

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

TEMPLATE = {
    "owners.0.email": {"name": "email", "type": "string"},
    "fn": {"name": "firstname", "type": "string"},
    "text": {"name": "budget", "type": "customField", "pattern": r"/budget: (\d+)/i"},
}


def test_a_delivery_creates_a_lead(company, tenant, receiver):
    receiver.template = TEMPLATE
    receiver.type = LeadTypeFactory(company=company)
    receiver.source = LeadSourceFactory(company=company)
    receiver.save()
    payload = {
        "owners": [{"email": "Jane@example.com"}],
        "fn": "Jane",
        "text": "Budget: 500 or so",
        "company": "Acme",
        "answers": {"a": [1, True]},
    }

    answer = deliver(receiver, payload)

    lead = Lead.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "message": "Receiver processed",
        "receiver": str(receiver.uuid),
        "lead_id": str(lead.pk),
        "lead_uuid": str(lead.uuid),
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (lead.receiver, lead.type, lead.source) == (receiver, receiver.type, receiver.source)
    assert (lead.title, lead.firstname, lead.email) == ("Jane", "Jane", "Jane@example.com")
    assert (lead.user, lead.owner) == (None, tenant.users["agent"])
    assert lead.person is not None
    assert lead.person.email == "Jane@example.com"
    assert lead.organization is not None
    assert list(lead.person.organizations.all()) == [lead.organization]
    assert lead.custom_fields == {
        "budget": "500",
        "owners": [{"email": "Jane@example.com"}],
        "fn": "Jane",
        "text": "Budget: 500 or so",
        "answers": {"a": [1, True]},
    }
    attempt = ReceiverAttempt.objects.get()
    assert (attempt.status, attempt.lead, attempt.payload) == (AttemptStatus.PROCESSED, lead, payload)
    assert lead.history.get().door == "webhook"
    assert lead.history.get().via == receiver.name


def test_an_existing_person_is_linked_and_not_changed(company, receiver):
    deliver(receiver, {"firstname": "Jane", "email": "jane@example.com"})

    deliver(receiver, {"firstname": "J.", "email": "JANE@example.com", "phone": "555 0100"})

    person = Person.objects.get()
    assert person.firstname == "Jane"
    assert [lead.person for lead in Lead.objects.all()] == [person, person]
    assert Lead.objects.latest("pk").phone == "555 0100"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("firstname=Jane&topic=a+b", "application/x-www-form-urlencoded"),
        ('{"firstname": "Jane", "topic": "a b"}', "application/x-www-form-urlencoded"),
        ('{"{\\"firstname\\": \\"Jane\\", \\"topic\\": \\"a b\\"}": ""}', "application/json"),
    ],
)
def test_forms_and_json_sent_as_a_form(receiver, body, content_type):
    answer = deliver_body(receiver, body, content_type=content_type)

    assert answer.status_code == 200
    assert Lead.objects.get().custom_fields == {"topic": "a b"}
    assert Lead.objects.get().firstname == "Jane"


def test_files_of_a_multipart_form_are_skipped(receiver, tmp_path):
    path = tmp_path / "offer.txt"
    path.write_text("text")

    with path.open() as file:
        answer = Client().post(f"/receivers/{receiver.uuid}", {"firstname": "Jane", "file": file})

    assert answer.status_code == 200
    assert ReceiverAttempt.objects.get().payload == {"firstname": "Jane"}


def test_the_member_named_in_the_payload_owns_the_lead_before_the_agent(company, tenant, receiver):
    company.memberships.filter(user=tenant.users["colleague"]).update(member_id="17")

    deliver(receiver, {"firstname": "Jane", "Member_Id": 17})
    deliver(receiver, {"firstname": "John", "member": "nobody"})

    assert [lead.owner for lead in Lead.objects.order_by("pk")] == [
        tenant.users["colleague"],
        tenant.users["agent"],
    ]


def test_ids_in_a_payload_are_ignored(receiver, tenant, other_tenant):
    owner = tenant.users["colleague"].pk
    payload = {"firstname": "Jane", "leads_owner_id": owner, "receiver_id": 1, "status_id": 2, "id": 7}

    deliver(receiver, payload)

    lead = Lead.objects.get()
    assert (lead.receiver, lead.owner) == (receiver, tenant.users["agent"])
    assert lead.custom_fields == {"id": 7}


@pytest.mark.parametrize("state", ["unknown", "inactive", "deleted", "of a closed company"])
def test_a_missing_receiver(company, receiver, state):
    if state == "unknown":
        receiver.uuid = uuid.uuid4()
    elif state == "inactive":
        type(receiver).objects.filter(pk=receiver.pk).update(is_active=False)
    elif state == "deleted":
        type(receiver).objects.filter(pk=receiver.pk).delete()
    else:
        type(company).objects.filter(pk=company.pk).update(is_active=False)
    before = business_rows()

    answer = deliver(receiver, {"firstname": "Jane"})

    assert (answer.status_code, answer.json()) == (404, {"message": "Receiver not found"})
    assert business_rows() == before
    assert not ReceiverAttempt.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_other_methods(receiver, method):
    answer = getattr(Client(), method)(f"/receivers/{receiver.uuid}")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("body", ["", "[1]", "{", '{"a": "\\u0000"}', "firstname=Jane"])
def test_a_body_that_is_not_a_json_object(receiver, body):
    answer = deliver_body(receiver, body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"message"}
    assert not ReceiverAttempt.objects.exists()


def test_a_key_that_cannot_be_stored(receiver):
    answer = Client().post(
        f"/receivers/{receiver.uuid}",
        {"firstname": "Jane"},
        content_type="application/json",
        headers={"Idempotency-Key": "a\0"},
    )

    assert (answer.status_code, "printable" in answer.json()["message"]) == (400, True)
    assert not ReceiverAttempt.objects.exists()


def test_a_body_that_is_too_large(receiver):
    largest = '{"a": "' + "x" * (256 * 1024 - 9) + '"}'

    assert deliver_body(receiver, largest).status_code == 200
    assert deliver_body(receiver, largest + " ").status_code == 413
    assert ReceiverAttempt.objects.count() == 1


def test_too_many_deliveries(receiver, time_machine):
    receiver.rate_limit = 2
    receiver.save()
    time_machine.move_to("2026-03-01T12:00:15Z", tick=False)

    answers = [deliver(receiver, {"firstname": str(number)}) for number in range(4)]
    time_machine.move_to("2026-03-01T12:01:00Z", tick=False)
    answers.append(deliver(receiver, {"firstname": "next minute"}))

    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 200]
    assert answers[2].headers["Retry-After"] == "45"
    assert ReceiverAttempt.objects.count() == 3


def test_a_rate_limit_of_zero_is_none(receiver):
    receiver.rate_limit = 0
    receiver.save()

    answers = {deliver(receiver, {"firstname": "Jane"}).status_code for _ in range(20)}

    assert answers == {200}


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({"title": "x" * 256}, "title"),
        ({"people": {"firstname": "Jane", "dob": "31.12.1990"}}, "people.dob"),
        ({"firstname": "x" * 200}, "firstname"),
        ({"people": {"firstname": "Jane", "dob": "2999-01-01"}}, "people.dob"),
    ],
)
def test_a_refused_delivery_is_stored_with_the_reason(receiver, payload, place):
    before = business_rows()

    answer = deliver(receiver, payload)

    assert answer.status_code == 422
    assert answer.json()["message"] == "The lead was refused."
    assert any(name.endswith(place) for name in answer.json()["errors"]), answer.json()
    assert business_rows() == before
    attempt = ReceiverAttempt.objects.get()
    assert (attempt.status, attempt.lead, attempt.payload) == (AttemptStatus.FAILED, None, payload)
    assert attempt.errors == answer.json()["errors"]
    log = LeadRoutingLog.objects.get()
    assert (log.outcome, log.attempt, log.receiver) == (RoutingOutcome.FAILED, attempt, receiver)
    assert (log.lead, log.door, place in str(log.error)) == (None, "webhook", True)


def test_a_slow_pattern_fails_only_its_attempt(receiver):
    receiver.template = {"text": {"name": "title", "type": "regex", "pattern": r"(\w+)\s*(\w+)\s*:(\d+)"}}
    receiver.save()

    slow = deliver(receiver, {"text": "a" * 1999 + ":"})
    quick = deliver(receiver, {"text": "order 7 :7"})

    assert (slow.status_code, quick.status_code) == (422, 200)
    assert slow.json()["errors"] == {"text": ["The pattern took too long on this value."]}
    statuses = ReceiverAttempt.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [AttemptStatus.FAILED, AttemptStatus.PROCESSED]


def test_a_refused_lead_leaves_no_person_and_no_organization(receiver):
    deliver(receiver, {"firstname": "Jane", "company": "Acme", "title": "x" * 256})

    assert not Person.objects.exists()
    assert not Organization.objects.exists()


@pytest.mark.parametrize(("filled", "leads"), [("http://spam.example", 0), ("", 1)])
def test_a_delivery_with_the_honeypot_creates_no_lead(receiver, filled, leads):
    receiver.honeypot = "website"
    receiver.save()

    answer = deliver(receiver, {"firstname": "Jane", "website": filled})

    assert answer.status_code == 200
    assert answer.json()["message"] == "Receiver processed"
    assert set(answer.json()) == {"message", "receiver", "lead_id", "lead_uuid"}
    assert Lead.objects.count() == leads
    status = AttemptStatus.PROCESSED if leads else AttemptStatus.IGNORED
    assert ReceiverAttempt.objects.get().status == status
    assert all("website" not in lead.custom_fields for lead in Lead.objects.all())


def test_an_unavailable_database(receiver, monkeypatch):
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("jane@example.com")

    monkeypatch.setattr(intake, "receive", away)

    answer = deliver(receiver, {"email": "jane@example.com"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "jane" not in answer.content.decode()


def test_credentials_are_not_stored(receiver):
    payload = {
        "firstname": "Jane",
        "password": "hunter-two",
        "login": {"api_key": "hunter-two", "user": "jane"},
        "people": {"firstname": "Jane", "token": "hunter-two"},
    }

    answer = deliver(receiver, payload, authorization="Bearer hunter-two", cookie="sid=hunter-two")

    assert answer.status_code == 200
    assert "hunter-two" not in str(business_rows())
    attempt = ReceiverAttempt.objects.get()
    assert "hunter-two" not in str(attempt.__dict__)
    assert attempt.payload["login"] == {"api_key": "[removed]", "user": "jane"}
    assert "password" not in Lead.objects.get().custom_fields


def test_no_log_line_contains_a_payload(receiver, caplog):
    caplog.set_level(logging.DEBUG)

    deliver(receiver, {"firstname": "Jacqueline", "email": "jacqueline@example.com"})
    deliver(receiver, {"firstname": "Jacqueline", "title": "x" * 256})
    Client().post(f"/receivers/{receiver.uuid}?firstname=Jacqueline", "{", content_type="application/json")

    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert len(lines) >= 3
    assert [line for line in lines if "acqueline" in line] == []
