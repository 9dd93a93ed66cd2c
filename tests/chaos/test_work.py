"""Two processes of ``manage.py work``, of which one is killed again and again: nothing is lost or doubled."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q, Sum

from crm.background.registry import parts
from crm.events import journal
from crm.importing import jobs
from crm.importing.uploads import start_file_job
from crm.models import (
    DuplicatePolicy,
    Event,
    ImportJob,
    ImportRowError,
    Notification,
    WebhookDelivery,
    WebhookEndpoint,
    WorkPart,
)
from crm.notifications.consuming import prepare
from crm.services.notifications import set_preference
from crm.services.orphans import names_in
from crm.webhooks.endpoints import create_endpoint
from leads.models import Lead, LeadReceiver
from tests.events.processes import of_test_database
from tests.factories.crm import Actors
from tests.forks import Forked, Warm, warm
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.receiving import Receiver, receiving

KILLS, JOBS, ROWS = (20, 5, 200) if os.environ.get("CHAOS") == "long" else (4, 3, 45)
ENDPOINTS = ("first", "second")
#: Each so many rows of a file is refused.
REFUSED = 20
#: Seconds after which the work of a killed process is taken over.
LEASE = 2

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@contextmanager
def working(forking: Warm) -> Iterator[Forked]:
    """Run the command in another process."""
    process = forking.start("manage.py", "work")
    with process.stdout:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_until(is_so: Callable[[], bool], processes: list[Forked]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        for process in processes:
            assert process.poll() is None, process.stdout.read()
        time.sleep(0.01)


def handles_end(process: Forked) -> bool:
    """Return whether a process has set its handler of SIGTERM."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [caught] = [line for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def import_file(number: int, actors: Actors) -> ImportJob:
    """Have a file of leads imported; each title stands once in all files."""
    rows = [
        f"Lead {number}-{row}," + ("nobody" if row % REFUSED == 5 else f"p{number}-{row}@example.com")
        for row in range(ROWS)
    ]
    content = "\n".join(["title,email", *rows]).encode()
    return start_file_job(
        SimpleUploadedFile(f"{number}.csv", content),
        "LEAD",
        actor=actors.manager,
        mapping=None,
        on_duplicate=DuplicatePolicy.CREATE,
        dry_run=False,
    )


def has_come_to(moment: int, receiver: Receiver) -> bool:
    """Return whether so many rows were stored and messages have arrived."""
    rows = ImportJob.objects.aggregate(rows=Sum("processed"))["rows"] or 0
    return int(rows) + len(receiver.received) >= moment


def is_done(stored: int) -> bool:
    return (
        Notification.objects.count() >= stored + JOBS
        and not ImportJob.objects.unfinished().exists()
        and WebhookDelivery.objects.filter(status="DELIVERED").count() == stored * len(ENDPOINTS)
        and not WebhookEndpoint.objects.exclude(leased_by="").exists()
        and WorkPart.objects.filter(name__in=parts(), outcome="DONE").count() == len(parts())
    )


def test_nothing_is_lost_and_nothing_comes_twice_however_often_a_process_is_killed(
    actors: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 0)
    prepare()
    # Who gets a lead that has no rotation.
    LeadReceiver.objects.update(agent=actors.agent.user_id)
    set_preference("LEAD_ASSIGNED", "IN_APP", actor=actors.agent)
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    refused = [row for row in range(ROWS) if row % REFUSED == 5]
    stored = JOBS * (ROWS - len(refused))
    # On the database and the files of the test.
    env = of_test_database(
        FILES_ROOT=default_storage.path(""), WEBHOOK_ALLOW_PRIVATE="true", WORK_LEASE_SECONDS=str(LEASE)
    )
    with receiving() as receiver, warm(env) as forking, ExitStack() as running:
        for name in ENDPOINTS:
            create_endpoint(
                WebhookEndpoint(name=name, url=f"{receiver.url}/{name}", kinds=["lead.created"]),
                actor=actors.admin,
            )
        imports = [import_file(number, actors) for number in range(JOBS)]
        # Kills at random points of all that is to be done.
        everything = JOBS * ROWS + stored * len(ENDPOINTS)
        moments = sorted(chance.sample(range(1, everything * 9 // 10), KILLS))
        print(f"\nseed {seed}, killed at {moments} of {everything} rows and messages")
        processes = [running.enter_context(working(forking)) for _ in range(2)]
        for moment in moments:
            wait_until(partial(has_come_to, moment, receiver), processes)
            killed = processes.pop(chance.randrange(2))
            killed.kill()
            killed.wait(PATIENCE_SECONDS)
            processes.append(running.enter_context(working(forking)))
        wait_until(lambda: is_done(stored), processes)
        # One that was started last may have had nothing left to do, and be starting still.
        wait_until(lambda: all(map(handles_end, processes)), processes)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            assert process.wait(PATIENCE_SECONDS) == 0

    hold_imports(imports, refused)
    hold_webhooks(receiver)
    hold_notifications(actors)
    twice = len(receiver.received) - stored * len(ENDPOINTS)
    print(f"{stored} leads, {len(receiver.received)} messages, {twice} of them sent again")


def hold_imports(imports: list[ImportJob], refused: list[int]) -> None:
    """Assert that the leads are those of the files, each with one event, and that the jobs say so."""
    titles = Counter(Lead.objects.values_list("title", flat=True))
    kept = [row for row in range(ROWS) if row not in refused]
    assert titles == Counter(f"Lead {number}-{row}" for number in range(JOBS) for row in kept)
    created = Event.objects.filter(entity="lead", kind="created")
    made = Counter(created.values_list("object_id", flat=True))
    assert made == Counter(Lead.objects.values_list("pk", flat=True))
    for job in ImportJob.objects.filter(pk__in=[job.pk for job in imports]):
        assert (job.status, job.error, job.payload, job.leased_by) == ("COMPLETED", None, None, "")
        assert (job.processed, job.created, job.failed) == (ROWS, len(kept), len(refused))
        lines = ImportRowError.objects.filter(job=job).order_by("row").values_list("row", flat=True)
        assert list(lines) == [row + 2 for row in refused]
        names = names_in(f"imports/{job.company_id}")
        rejects = ImportJob.objects.filter(company=job.company_id).values_list("rejects", flat=True)
        assert set(names) == {Path(key).name for key in rejects}


def hold_notifications(actors: Actors) -> None:
    """Assert that the owner was told of each lead once, who imported them of each import, and nobody else."""
    told = Counter(Notification.objects.values_list("user", "kind", "object_id"))
    leads = Lead.objects.filter(owner=actors.agent.user_id).values_list("pk", flat=True)
    jobs_of = ImportJob.objects.values_list("pk", flat=True)
    assert told == Counter(
        [(actors.agent.user_id, "LEAD_ASSIGNED", lead) for lead in leads]
        + [(actors.manager.user_id, "IMPORT_DONE", job) for job in jobs_of]
    )
    assert len(leads) == Lead.objects.count()
    sent = Event.objects.filter(entity="notification").values_list("object_id", flat=True)
    assert Counter(sent) == Counter(Notification.objects.values_list("pk", flat=True))


def hold_webhooks(receiver: Receiver) -> None:
    """Assert that each endpoint has one delivery of each lead, which arrived, again only under its own id."""
    leads = set(Lead.objects.values_list("pk", flat=True))
    for endpoint in WebhookEndpoint.objects.all():
        own = endpoint.deliveries.values_list("object_id", "message_id", "status")
        assert Counter(lead for lead, _, _ in own) == Counter(leads)
        arrived = {
            (int(each.data["lead"]["id"]), each.id)
            for each in receiver.received
            if each.path.endswith(endpoint.name)
        }
        assert arrived == {(lead, message) for lead, message, _ in own}
        assert {status for _, _, status in own} == {"DELIVERED"}
        assert endpoint.position == journal.end().seq
        assert (endpoint.failures, endpoint.paused_at, endpoint.missed_at) == (0, None, None)
    assert not WorkPart.objects.exclude(Q(leased_by="") & Q(failures=0)).exists()
