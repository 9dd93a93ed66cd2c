"""Leads routed at the same time: none is lost, and everybody gets its share."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from leads.models import Lead, LeadRotation, LeadRotationAgent, LeadRoutingLog
from leads.services.leads import create_lead
from leads.services.rotations import update_rotation
from tests.factories.crm import Tenant, tenant
from tests.graphql.leads.routing import agents_of, receiver_of, rotation_of
from tests.graphql.leads.test_routing import chosen_again
from tests.patience import PATIENCE_SECONDS
from tests.receivers.delivering import deliver
from tests.receivers.test_concurrency import _connections_closed, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
__all__ = ["_connections_closed"]
SHARES = (37, 23, 17, 11, 7, 5)
LEADS = 240


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


@pytest.fixture
def receiver(own: Tenant) -> Any:
    users = agents_of(own, len(SHARES))
    return receiver_of(rotation_of(own, dict(zip(users, SHARES, strict=True))), rate_limit=0)


def check_shares(count: int) -> None:
    """Check everybody's leads against its share, and each decision against its row in the log."""
    logs = list(LeadRoutingLog.objects.order_by("pk"))
    assert len(logs) == Lead.objects.count() == count
    assert {log.lead_id for log in logs} == set(Lead.objects.values_list("pk", flat=True))
    got = Counter(log.user_id for log in logs)
    for agent in LeadRotationAgent.objects.all():
        share = float(agent.percent) / sum(SHARES) * count
        assert abs(got[agent.user_id] - share) <= 1
        assert agent.hits == got[agent.user_id]
    assert sum(LeadRotationAgent.objects.values_list("credit", flat=True)) == 0
    assert LeadRotation.objects.get().hits == count
    assert [chosen_again(log) for log in logs] == [str(log.user_id) for log in logs]


def test_16_writers_lose_no_lead_and_keep_the_shares(receiver, own):
    def make(number: int) -> None:
        create_lead({"title": f"Deal {number}", "receiver_id": receiver.pk}, actor=own.actors.manager)

    at_once(make, LEADS)

    check_shares(LEADS)


def test_concurrent_deliveries_are_shared_out_too(receiver):
    answers = at_once(lambda number: deliver(receiver, {"title": f"Deal {number}"}), 64)

    assert {answer.status_code for answer in answers} == {200}
    check_shares(64)


def test_no_lead_is_lost_while_the_agents_change(receiver, own):
    users = list(LeadRotationAgent.objects.order_by("pk").values_list("user", flat=True))

    def act(number: int) -> None:
        if number % 8 == 0:
            staying: Any = [{"users_id": user, "percent": 10} for user in users[: 3 + number // 8 % 4]]
            update_rotation(receiver.rotation_id, {"agents": staying}, actor=own.actors.manager)
        else:
            create_lead({"title": f"Deal {number}", "receiver_id": receiver.pk}, actor=own.actors.manager)

    at_once(act, 128)

    logs = list(LeadRoutingLog.objects.order_by("pk"))
    assert len(logs) == Lead.objects.filter(owner__isnull=False).count() == 112
    assert [chosen_again(log) for log in logs] == [str(log.user_id) for log in logs]
    assert sum(LeadRotationAgent.objects.values_list("credit", flat=True)) == 0


def test_a_killed_writer_gives_its_turn_back(receiver, own):
    before = list(LeadRotationAgent.objects.order_by("pk").values_list("credit", "hits"))
    routed, killed = Event(), Event()

    def route_and_die() -> str:
        try:
            with transaction.atomic():
                create_lead({"title": "Lost", "receiver_id": receiver.pk}, actor=own.actors.manager)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    dying.append(cursor.fetchone()[0])
                routed.set()
                killed.wait(PATIENCE_SECONDS)
                Lead.objects.count()
        except (OperationalError, InterfaceError):
            return "killed"
        finally:
            connection.close()
        return "stored"

    dying: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(route_and_die)
        assert routed.wait(PATIENCE_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", dying)
        killed.set()
        assert outcome.result(PATIENCE_SECONDS) == "killed"

    assert list(LeadRotationAgent.objects.order_by("pk").values_list("credit", "hits")) == before
    assert not Lead.objects.exists()
    create_lead({"title": "Next", "receiver_id": receiver.pk}, actor=own.actors.manager)
    check_shares(1)
