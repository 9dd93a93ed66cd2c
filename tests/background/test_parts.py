"""The parts of the upkeep: one process at a time, under a lease, and what comes of a failure."""

import logging
import os
import signal
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from crm.background import rows
from crm.background.registry import Problem
from crm.background.running import Stopped, Turn, run_due
from crm.database import batches
from crm.database.batches import delete_in_batches
from crm.database.statistics import LEAST_CHANGED, outdated_tables
from crm.models import WorkPart
from tests.leases import pass_time, taken
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


def running(*names):
    """Run the parts that are due; return those that failed."""
    return run_due(names, lambda: False)


def sessions(*keys):
    Session.objects.bulk_create(
        Session(session_key=key, session_data="", expire_date=timezone.now()) for key in keys
    )


def minutes_until_next(name):
    row: Any = WorkPart.objects.get(name=name)
    return (row.next_run_at - row.last_finished_at).total_seconds() / 60


def test_a_part_runs_once_in_its_interval_and_tells_what_came_of_it(make_part):
    runs: list[int] = []

    def run(batch):
        runs.append(1)
        return {"rows": 3}

    make_part("daily", run, every=timedelta(days=1))

    assert [running("daily"), running("daily"), running("other")] == [[], [], []]

    row: Any = WorkPart.objects.get(name="daily")
    assert (len(runs), row.outcome, row.result, row.error, row.failures) == (1, "DONE", {"rows": 3}, "", 0)
    assert (row.leased_by, row.leased_until) == ("", None)
    assert row.last_started_at <= row.last_finished_at < row.next_run_at
    assert minutes_until_next("daily") == pytest.approx(24 * 60, abs=1)
    # Somebody asks for another run, or cron comes a little early.
    assert rows.run_now(["daily"]) == 1
    running("daily")
    assert len(runs) == 2
    WorkPart.objects.update(next_run_at=F("next_run_at") - timedelta(hours=22))
    running("daily")
    assert run_due(["daily"], lambda: False, early=True) == []
    assert len(runs) == 3


def test_a_run_that_is_asked_for_while_the_part_runs_follows(make_part):
    runs: list[int] = []

    def run(batch):
        runs.append(0 if runs else rows.run_now(["asked"]))
        return {}

    make_part("asked", run)

    running("asked")
    running("asked")
    running("asked")

    assert runs == [1, 0]


def test_a_part_has_one_process_at_a_time(make_part):
    part = make_part("once", lambda batch: {})

    first, second = rows.claim_due(part), rows.claim_due(part)

    assert (first is None, second) == (False, None)
    pass_time(WorkPart, share=0.5)
    assert rows.claim_due(part) is None
    pass_time(WorkPart, share=0.6)
    assert rows.claim_due(part) is not None


def test_who_lost_the_lease_writes_nothing_more(make_part, caplog):
    """The process stands still between two batches; another takes over and stands still as well."""
    sessions("first", "second", "third")
    taken_over = []

    def run(batch):
        with batch():
            Session.objects.filter(pk="first").delete()
        pass_time(WorkPart)
        taken_over.append(taken("slow"))
        with batch():
            Session.objects.filter(pk="second").delete()
        raise AssertionError

    part = make_part("slow", run)

    assert running("slow") == []

    assert sorted(Session.objects.values_list("pk", flat=True)) == ["second", "third"]
    row = WorkPart.objects.get()
    assert (row.leased_by, row.outcome, row.failures) == (taken_over[0].token, "", 0)
    assert "Another process has taken over the upkeep of slow." in caplog.text
    for write in (
        lambda claim: rows.finish(claim, part, {}, milliseconds=1),
        lambda claim: rows.fail(claim, "late", milliseconds=1),
        lambda claim: rows.put_back(claim, milliseconds=1),
    ):
        with pytest.raises(rows.LeaseLost):
            write(rows.Claim(row.pk, "former"))
    rows.finish(taken_over[0], part, {"rows": 1}, milliseconds=1)
    assert WorkPart.objects.get().result == {"rows": 1}


def test_a_part_that_fails_is_told_and_backs_off_while_others_run(make_part, caplog):
    def refuse(batch):
        with batch():
            sessions("undone")
            raise ValueError("broken\nthing")

    make_part("bad", refuse)
    make_part("wrong", lambda batch: (_ for _ in ()).throw(Problem("2 of them are wrong: mend them.")))
    make_part("good", lambda batch: {})

    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match="bad, wrong") as refused:
        call_command("work", only="upkeep", once=True)

    assert refused.value.returncode == 1
    assert "The upkeep of bad failed." in caplog.text
    told = {row.name: (row.outcome, row.error, row.failures) for row in WorkPart.objects.all()}
    assert told["bad"] == ("FAILED", "ValueError: broken", 1)
    assert told["wrong"] == ("FAILED", "2 of them are wrong: mend them.", 1)
    assert told["good"] == ("DONE", "", 0)
    assert not Session.objects.exists()
    assert minutes_until_next("bad") == pytest.approx(1, abs=0.1)
    for failures, minutes in ((1, 2), (8, 256), (9, 360), (60, 360)):
        WorkPart.objects.filter(name="bad").update(failures=failures)
        rows.run_now(["bad"])
        assert running("bad") == ["bad"]
        assert minutes_until_next("bad") == pytest.approx(minutes, abs=0.1)


def test_a_signal_ends_a_run_between_two_batches_and_the_next_goes_on(make_part):
    sessions("first", "second")
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    stopping = threading.Event()

    def run(batch):
        for key in ("first", "second"):
            with batch():
                Session.objects.filter(pk=key).delete()
            if stopping.is_set():
                continue
            os.kill(os.getpid(), signal.SIGTERM)
            stopping.set()
            # A batch after the signal is refused, as soon as the command has heard of it.
            _until_refused(batch)
        return {}

    make_part("long", run)

    with pytest.raises(CommandError, match=r"^Stopped by a signal\.$") as stopped:
        call_command("work", only="long", once=True)

    assert stopped.value.returncode == 143
    assert list(Session.objects.values_list("pk", flat=True)) == ["second"]
    row = WorkPart.objects.get(name="long")
    assert (row.outcome, row.leased_by) == ("STOPPED", "")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    call_command("work", only="long", once=True)
    assert not Session.objects.exists()


def _until_refused(batch):
    for _ in range(PATIENCE_SECONDS * 10_000):
        with batch():
            pass
    raise AssertionError


def test_an_unknown_part_is_wrong_usage(db):
    for only in ("imports,upkep", ","):
        with pytest.raises(
            CommandError, match=r"^--only: there is no part .*; the parts are imports,"
        ) as wrong:
            call_command("work", only=only, once=True)
        assert wrong.value.returncode == 2
    assert not WorkPart.objects.exists()


def test_a_turn_that_is_over_opens_no_transaction(make_part, django_assert_num_queries):
    make_part("any", lambda batch: {})
    claim = taken("any")

    with django_assert_num_queries(0), pytest.raises(Stopped), Turn(claim, lambda: True).batch():
        raise AssertionError


def test_looking_for_work_is_one_statement(make_part, django_assert_num_queries):
    make_part("any", lambda batch: {})
    running("any")

    with django_assert_num_queries(1):
        running("any")


@pytest.mark.parametrize("number", [4, 5])
def test_rows_are_deleted_in_small_batches(monkeypatch, number):
    monkeypatch.setattr(batches, "SIZE", 2)
    sessions(*map(str, range(number)))
    sizes = []

    class Counted:
        def __enter__(self):
            sizes.append(Session.objects.count())

        def __exit__(self, *_):
            pass

    assert delete_in_batches(Session.objects.all(), batch=Counted) == number

    assert sizes == ([4, 2, 0] if number == 4 else [5, 3, 1])
    assert not Session.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_row_that_another_holds(make_part):
    """Old rows are left for the next time, and parts in the middle of a batch run already."""
    sessions("held", "free")
    make_part("slow", lambda batch: {})
    make_part("idle", lambda batch: {})
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Session.objects.select_for_update().get(pk="held")
            taken("slow").hold()
            held.set()
            done.wait(PATIENCE_SECONDS)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(PATIENCE_SECONDS)
    pass_time(WorkPart)
    found = delete_in_batches(Session.objects.all()), rows.run_now(["slow", "idle"]), running("slow", "idle")
    done.set()
    holder.join(PATIENCE_SECONDS)

    assert found == (1, 1, [])
    assert [session.pk for session in Session.objects.all()] == ["held"]
    started = WorkPart.objects.filter(outcome="DONE").values_list("name", flat=True)
    assert list(started) == ["idle"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_tables_that_changed_much_get_new_statistics():
    Session.objects.all().delete()
    sessions(*map(str, range(LEAST_CHANGED)))
    # The numbers of changed rows are told to others when a session ends, at the latest.
    connections.close_all()
    assert Session._meta.db_table in outdated_tables()

    call_command("work", only="statistics", once=True)

    assert WorkPart.objects.get(name="statistics").result["tables"] >= 1
    connections.close_all()
    assert Session._meta.db_table not in outdated_tables()
