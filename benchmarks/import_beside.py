"""Writers of the API and a receiver beside imports: how long they wait, and whether anything is refused.

``python -m benchmarks.import_beside [--rows N] [--rounds N] [--imports N] [--pause S]`` with ``--database``
of a PostgreSQL server makes the dataset of 20,000 leads if it is missing. A server takes new leads and
changes from 8 writers, and deliveries at a receiver from two more, each with a pause between two requests;
all are of the company that imports. Each round measures them alone, then beside imports of other people.
Printed are the median and the 95th percentile of each kind of request, the ratio of the latter, and what was
refused.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.imports import write_people
from benchmarks.reads.contenders import PRODUCTION, wait_until_up
from benchmarks.reads.databases import Database, prepare

ADDRESS = "postgres://postgres@127.0.0.1:5432/crm_import_beside"
LEADS, WRITERS, SENDERS, PORT = 20_000, 8, 2, 8190
#: The most that the 95th percentile may be of that without an import.
MOST = 3.0
CREATE = """mutation ($title: String!, $email: String) {
  createLead(input: {title: $title, people: {email: $email}}) { id } }"""
UPDATE = "mutation ($id: ID!, $to: String) { updateLead(id: $id, input: {title: $to}) { id } }"
Times = dict[str, list[float]]


class Traffic:
    """Writers and senders, each a thread that sends one request after the other."""

    def __init__(self, database: Database, receiver: str, leads: list[int], pause: float) -> None:
        self._token, self._receiver, self._leads, self._pause = database.token, receiver, leads, pause
        self._stopped = threading.Event()
        self.times: Times = defaultdict(list)
        self.refused: list[str] = []

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        threads = [
            threading.Thread(target=self._work, args=(n, n >= WRITERS)) for n in range(WRITERS + SENDERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def _work(self, number: int, is_sender: bool) -> None:
        chance = random.Random(f"{number} {time.time()}")
        while not self._stopped.wait(self._pause * chance.uniform(0.5, 1.5)):
            new = f"b{chance.randrange(10**12)}@beside.example"
            lead = chance.choice(self._leads)
            if is_sender:
                self._send("receiver", self._receiver, {"title": f"Sent {new}", "email": new})
            elif chance.random() < 0.5:
                self._ask("createLead", CREATE, {"title": f"Asked {new}", "email": new})
            else:
                change = (
                    "mutation ($id: ID!, $to: String) { updateLead(id: $id, input: {title: $to}) { id } }"
                )
                self._ask("updateLead", change, {"id": str(lead), "to": new})

    def _ask(self, kind: str, document: str, variables: dict[str, str]) -> None:
        self._send(kind, "/graphql", {"query": document, "variables": variables})

    def _send(self, kind: str, address: str, content: object) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}{address}", json.dumps(content).encode(), headers
        )
        begun = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            answer = {"errors": error.read().decode()}
        self.times[kind].append(time.perf_counter() - begun)
        if answer.get("errors"):
            self.refused.append(f"{kind}: {answer['errors']}")


@contextmanager
def served(database: Database) -> Iterator[None]:
    """Run a server with two workers, as the image has them."""
    environment = {**os.environ, **PRODUCTION, "DATABASE_URL": database.address, "DATABASE_POOL_SIZE": "8"}
    command = [sys.executable, "-m", "gunicorn", "--log-level", "error", "--bind", f"127.0.0.1:{PORT}"]
    process = subprocess.Popen(
        [*command, "config.wsgi"], env={**environment, "PORT": str(PORT)}, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_up(PORT, process)
        yield
    finally:
        process.terminate()
        process.wait(30)


def beside_imports(database: Database, files: list[Path]) -> list[str]:
    """Import files at once, each by a command of its own; return what was not stored."""
    command = [sys.executable, "manage.py", "import_people", "--company", str(database.company), "--json"]
    command += ["--as", "larger-admin"]
    environment = {**os.environ, "DATABASE_STATEMENT_TIMEOUT": "0"}
    running = [
        subprocess.Popen([*command, str(file)], env=environment, stdout=subprocess.PIPE, text=True)
        for file in files
    ]
    failed = []
    for process in running:
        said, _ = process.communicate()
        if process.returncode:
            failed.append(said)
    return failed


def deadlocks() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        [number] = cursor.fetchone()
    return int(number)


def add(all_times: Times, times: Times) -> None:
    for kind, each in times.items():
        all_times[kind] += each


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_beside", description=__doc__)
    parser.add_argument("--database", default=ADDRESS)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--imports", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.2)
    given = parser.parse_args()
    os.environ |= PRODUCTION
    database = prepare(given.database, leads=LEADS)
    from leads.models import Lead, LeadReceiver

    receiver = LeadReceiver._base_manager.filter(company=database.company, verification="NONE").earliest("pk")
    address = f"/receivers/{receiver.uuid}"
    leads = list(Lead._base_manager.filter(company=database.company).values_list("pk", flat=True)[:2_000])
    alone: Times = defaultdict(list)
    beside: Times = defaultdict(list)
    refused: list[str] = []
    seconds: list[float] = []
    before = deadlocks()
    with tempfile.TemporaryDirectory() as directory, served(database):
        for number in range(given.rounds):
            files = []
            for each in range(given.imports):
                files.append(Path(directory) / f"people-{number}-{each}.csv")
                write_people(files[-1], given.rows, first=(number * given.imports + each) * given.rows)
            with Traffic(database, address, leads, given.pause).running() as traffic:
                # As long as the import took the last time: the two are to have as many requests.
                time.sleep(max(seconds, default=15.0))
            add(alone, traffic.times)
            refused += traffic.refused
            begun = time.perf_counter()
            with Traffic(database, address, leads, given.pause).running() as traffic:
                refused += beside_imports(database, files)
            seconds.append(time.perf_counter() - begun)
            add(beside, traffic.times)
            refused += traffic.refused
    rate = given.rows * given.imports / statistics.median(seconds)
    sys.stdout.write(f"{given.imports} imports of {given.rows} people beside the others: {rate:.0f} rows/s\n")
    for kind in sorted(alone):
        columns = []
        for times in (alone[kind], beside[kind]):
            cuts = statistics.quantiles(times, n=20)
            columns.append((cuts[9] * 1_000, cuts[18] * 1_000))
        (median, most), (median_beside, most_beside) = columns
        ratio = most_beside / most
        sys.stdout.write(
            f"{kind}: {len(alone[kind])} alone, {len(beside[kind])} beside; median {median:.0f} and"
            f" {median_beside:.0f} ms, 95 % {most:.0f} and {most_beside:.0f} ms, ratio {ratio:.1f}"
            f"{'' if ratio <= MOST else f' (more than {MOST:.0f})'}\n"
        )
    sys.stdout.write(f"{deadlocks() - before} deadlocks, {len(refused)} refused {refused[:3]}\n")


if __name__ == "__main__":
    main()
