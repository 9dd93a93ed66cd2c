"""A repeated delivery, by its key or its payload, returns the first attempt."""

import pytest

from leads.models import AttemptStatus, Lead, ReceiverAttempt
from leads.services import receiver_attempts
from leads.services.leads import delete_lead
from tests.factories.leads import LeadReceiverFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db
JANE = {"firstname": "Jane", "tags": ["a", "b"]}


def test_the_same_key_gives_the_first_answer(receiver):
    first = deliver(receiver, JANE, idempotency_key="k")

    again = deliver(receiver, {"tags": ["a", "b"], "firstname": "Jane"}, idempotency_key=" k ")
    assert [answer.get("Idempotent-Replayed") for answer in (first, again)] == [None, "true"]

    assert (again.status_code, again.json()) == (200, first.json())
    assert Lead.objects.count() == 1
    assert ReceiverAttempt.objects.get().count == 2


def test_the_same_key_with_another_body(receiver):
    deliver(receiver, JANE, idempotency_key="k")

    answer = deliver(receiver, {"firstname": "John"}, idempotency_key="k")

    assert answer.status_code == 409
    assert set(answer.json()) == {"message"}
    assert ReceiverAttempt.objects.get().count == 1


def test_keys_are_those_of_one_receiver(receiver, company):
    other = LeadReceiverFactory(company=company)

    answers = [deliver(each, JANE, idempotency_key="k").json()["lead_id"] for each in (receiver, other)]

    assert len(set(answers)) == 2


def test_another_key_is_another_delivery(receiver):
    for key in ("a", "b"):
        assert deliver(receiver, JANE, idempotency_key=key).status_code == 200

    assert Lead.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "k" * 256])
def test_an_invalid_key(receiver, key):
    assert deliver(receiver, JANE, idempotency_key=key).status_code == 400
    assert not ReceiverAttempt.objects.exists()


def test_a_repeated_refused_delivery_gets_the_same_refusal(receiver):
    payload = {"title": "x" * 256}

    answers = [deliver(receiver, payload, idempotency_key="k") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()
    assert ReceiverAttempt.objects.get().count == 2


@pytest.mark.parametrize(
    ("minutes", "later", "leads"),
    [(10, "12:09:59", 1), (10, "12:10:01", 2), (0, "12:00:00", 2), (60, "12:59:00", 1)],
)
def test_the_same_payload_within_the_window(receiver, time_machine, minutes, later, leads):
    receiver.window_minutes = minutes
    receiver.save()
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    first = deliver(receiver, JANE)
    time_machine.move_to(f"2026-03-01T{later}Z", tick=False)

    again = deliver(receiver, JANE)

    assert Lead.objects.count() == leads
    assert (again.json() == first.json()) == (leads == 1)


def test_payloads_with_values_of_other_types_differ(receiver):
    for value in (1, "1", True, 1.5, None):
        deliver(receiver, {"firstname": "Jane", "value": value})

    assert Lead.objects.count() == 5


def test_an_interrupted_delivery_is_completed_by_its_repetition(receiver, monkeypatch):
    def broken(*_args: object, **_options: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(receiver_attempts, "make_lead", broken)
        with pytest.raises(MemoryError):
            deliver(receiver, JANE, idempotency_key="k")
    kept = ReceiverAttempt.objects.get()

    answer = deliver(receiver, JANE, idempotency_key="k")

    assert kept.status == AttemptStatus.RECEIVED
    assert answer.status_code == 200
    assert ReceiverAttempt.objects.get().status == AttemptStatus.PROCESSED
    assert str(Lead.objects.get().pk) == answer.json()["lead_id"]


def test_a_repetition_is_answered_after_the_lead_was_deleted(receiver, actors):
    first = deliver(receiver, JANE, idempotency_key="k")
    delete_lead(first.json()["lead_id"], actor=actors.agent)

    assert deliver(receiver, JANE, idempotency_key="k").json() == first.json()
