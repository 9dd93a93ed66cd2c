"""Deliveries at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from crm.errors import Conflict
from leads.models import AttemptStatus, Lead, LeadReceiver, ReceiverAttempt
from leads.services import receiver_attempts
from leads.services.replaying import replay_attempt
from people.models import Person
from tests.factories.crm import Tenant, tenant
from tests.factories.leads import LeadReceiverFactory, refused_attempt
from tests.receivers.delivering import deliver

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WRITERS = 16
JANE = {"firstname": "Jane", "email": "jane@example.com"}


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


@pytest.fixture
def receiver(own: Tenant) -> LeadReceiver:
    made: LeadReceiver = LeadReceiverFactory(company=own.company, agent=own.users["agent"], rate_limit=0)
    return made


def at_once(act: Callable[[int], Any], count: int) -> list[Any]:
    """Call a function this many times in concurrent threads, each with its own connection."""

    def call(number: int) -> Any:
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(call, range(count)))


@pytest.fixture(autouse=True)
def _connections_closed() -> Iterator[None]:
    yield
    connections.close_all()


def test_200_posts_with_one_key_make_one_lead(receiver):
    answers = at_once(lambda _: deliver(receiver, JANE, idempotency_key="once"), 200)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert str(Lead.objects.get().pk) == answers[0].json()["lead_id"]
    assert Person.objects.count() == 1
    attempt = ReceiverAttempt.objects.get()
    assert (attempt.count, attempt.status) == (200, AttemptStatus.PROCESSED)


def test_200_posts_without_a_key_make_one_lead(receiver):
    answers = at_once(lambda _: deliver(receiver, JANE), 200)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Lead.objects.count() == 1
    assert ReceiverAttempt.objects.get().count == 200


def test_one_key_with_two_bodies_makes_the_lead_of_one(receiver):
    answers = at_once(lambda number: deliver(receiver, {"n": number % 2}, idempotency_key="once"), 32)

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 16 + [409] * 16
    assert Lead.objects.count() == 1


def test_each_different_payload_makes_a_lead(receiver):
    answers = at_once(lambda number: deliver(receiver, {"firstname": f"Jane {number}"}), 64)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["lead_id"] for answer in answers}) == 64
    assert Lead.objects.count() == 64


def test_an_interrupted_delivery_is_completed_once_by_its_repetitions(receiver, monkeypatch):
    def broken(*_args: object, **_options: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(receiver_attempts, "make_lead", broken)
        with pytest.raises(MemoryError):
            deliver(receiver, JANE, idempotency_key="once")
    assert ReceiverAttempt.objects.get().status == AttemptStatus.RECEIVED

    answers = at_once(lambda _: deliver(receiver, JANE, idempotency_key="once"), 16)

    assert {answer.status_code for answer in answers} == {200}
    assert Lead.objects.count() == 1


def test_concurrent_replays_make_one_lead(receiver, own):
    attempt = refused_attempt(receiver, payload=JANE)

    def replay(_number: int) -> str:
        try:
            return replay_attempt(attempt.pk, actor=own.actors.manager).status
        except Conflict:
            return "refused"

    outcomes = at_once(replay, 16)

    assert sorted(outcomes) == ["PROCESSED"] + ["refused"] * 15
    assert Lead.objects.count() == 1
