"""Tallies with concurrent writers: they never differ from the rows, and no writer waits for another."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Tally
from crm.models.tallies import count_visible
from crm.services.tallies import correct_tallies, find_wrong_tallies
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead
from tests.factories.crm import tenant as make_tenant
from tests.factories.leads import LeadFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WRITERS = 4
WRITES = 25


def in_threads(*calls: Any) -> list[Any]:
    def one(call: Any) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [task.result() for task in [pool.submit(one, call) for call in calls]]


def fold(company_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_tally_fold(%s, 'LEAD')", [company_id])


def test_no_snapshot_shows_tallies_that_differ_from_the_rows():
    made = make_tenant("Busy")
    actor = made.actors.manager
    written = Event()
    left: list[int] = []

    def write() -> None:
        for number in range(WRITES):
            kept = create_lead({"title": "Deal"}, actor=actor)
            if number % 3 == 0:
                delete_lead(kept.pk, actor=actor)
            if number % 5 == 0:
                with transaction.atomic():
                    LeadFactory(company=made.company)
                    fold(made.company.pk)
                    transaction.set_rollback(True)

    def write_all() -> None:
        try:
            in_threads(*[write] * WRITERS)
        finally:
            written.set()

    def sum_up() -> None:
        while not written.is_set():
            fold(made.company.pk)

    def mend() -> int:
        mended = 0
        while not written.is_set():
            mended += correct_tallies()
        return mended

    def read() -> int:
        moments = 0
        while not written.is_set():
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                counted = Lead.objects.visible_to(actor).count()
                left.append(count_visible(Lead, actor) - counted)
                assert find_wrong_tallies() == []
            moments += 1
        return moments

    _, _, _, mended, moments = in_threads(write_all, sum_up, sum_up, mend, read)

    deleted = -(-WRITES // 3)
    assert count_visible(Lead, actor) == WRITERS * (WRITES - deleted)
    assert set(left) == {0}
    assert (mended, moments > 0) == (0, True)
    assert find_wrong_tallies() == []


def test_summing_up_blocks_no_writer():
    made = make_tenant("Slow")
    for _ in range(3):
        LeadFactory(company=made.company)

    def another() -> int:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '100ms'")
            lead = LeadFactory(company=made.company)
            Lead.objects.filter(pk=lead.pk).update(deleted_at=timezone.now())
            LeadFactory(company=made.company)
            fold(made.company.pk)
        return count_visible(Lead, made.actors.manager)

    with transaction.atomic():
        LeadFactory(company=made.company)
        fold(made.company.pk)
        # Summed up to one row, which no other transaction sees yet.
        assert Tally.objects.filter(kind="LEAD").count() == 1
        [seen] = in_threads(another)
        assert seen == 4
        assert count_visible(Lead, made.actors.manager) == 5

    fold(made.company.pk)
    assert Tally.objects.filter(kind="LEAD").values_list("n").get() == (5,)


def test_a_writer_with_one_snapshot_gets_no_error_from_summing_up():
    made = make_tenant("Strict")
    for _ in range(3):
        LeadFactory(company=made.company)

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            # With this seed of random(), every statement would sum up if it were allowed to.
            cursor.execute("SELECT setseed(0.5)")
        lead = Lead.objects.order_by("pk")[0]
        in_threads(lambda: fold(made.company.pk))
        for number in range(200):
            moment = timezone.now() if number % 2 == 0 else None
            Lead.objects.filter(pk=lead.pk).update(deleted_at=moment)

    assert find_wrong_tallies() == []
