"""Rounds that send each contender the same requests in turn, after their answers were compared."""

import json
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reads.contenders import Contender
from benchmarks.reads.databases import Database
from benchmarks.reads.load import Measure, measure, median
from benchmarks.reads.tenancy import policies
from benchmarks.reads.workloads import Workload

APP_CORE, LOAD_CORE = 0, 1
FIRST_PORT = 8150
CLIENTS = 8
Medians = dict[tuple[str, str], Measure]


@dataclass(frozen=True)
class Running:
    """A contender that serves."""

    contender: Contender
    port: int
    pid: int


class Course:
    """Who is measured, and for how long."""

    def __init__(self, contenders: Sequence[Contender], *, rounds: int, seconds: int) -> None:
        self._contenders = contenders
        self._rounds = rounds
        self._seconds = seconds
        #: The median of the ratios of neighbouring rounds to those of ``before``, by workload: on a busy
        #: machine steadier than the ratio of the medians.
        self.ratios: dict[str, float] = {}

    def run(self, workloads: Sequence[Workload], database: Database) -> Medians:
        """Measure workloads on a database; give the medians by workload and contender."""
        subprocess.run(
            ["taskset", "-acp", str(LOAD_CORE), str(database.server)], check=False, capture_output=True
        )
        environment = {
            "DATABASE_URL": database.address,
            "COMPANY": str(database.company),
            # Those who pool; gunicorn's threads keep their own.
            "DATABASE_POOL_SIZE": "8",
        }
        there = [each for each in self._contenders if any(each.takes(workload) for workload in workloads)]
        medians: Medians = {}
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            if any(each.name == "postgraphile" for each in there):
                stack.enter_context(policies(database.address))
            running = [
                Running(
                    each,
                    port,
                    stack.enter_context(each.running(port=port, core=APP_CORE, environment=environment)),
                )
                for port, each in enumerate(there, FIRST_PORT)
            ]
            for workload in workloads:
                taking = [each for each in running if each.contender.takes(workload)]
                medians |= self._measure(workload, taking, database, Path(directory))
        return medians

    def _measure(
        self, workload: Workload, taking: Sequence[Running], database: Database, directory: Path
    ) -> Medians:
        cursor = _cursor(workload, taking, database, directory) if workload.after else None
        bodies = {}
        for each in taking:
            bodies[each.contender.name] = body = directory / f"{workload.name}-{each.contender.name}.json"
            document = each.contender.documents.get(workload.name)
            workload.write(body, document=document, cursor=cursor)
        _compare(workload, taking, bodies, database)
        measures: dict[str, list[Measure]] = {}
        for number in range(-1, self._rounds):
            # The order is turned around in each second round.
            for each in taking if number % 2 else list(reversed(taking)):
                found = measure(
                    each.contender.url(each.port, workload),
                    body=bodies[each.contender.name],
                    token=database.token,
                    clients=CLIENTS,
                    seconds=self._seconds if number >= 0 else 2,
                    core=LOAD_CORE,
                    app=each.pid,
                    database=[database.server],
                )
                # The first round warms caches, connections and prepared statements.
                if number >= 0:
                    measures.setdefault(each.contender.name, []).append(found)
        if {"crm", "before"} <= measures.keys():
            pairs = zip(measures["crm"], measures["before"], strict=True)
            self.ratios[workload.name] = statistics.median(now.rate / then.rate for now, then in pairs)
        return {(workload.name, name): median(found) for name, found in measures.items()}


def _ask(url: str, body: Path, token: str) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    text = body.read_bytes().replace(b"LEAD", b"1").replace(b"STAGE", b"2")
    request = urllib.request.Request(url, text, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def _cursor(workload: Workload, taking: Sequence[Running], database: Database, directory: Path) -> str:
    body = directory / "cursor.json"
    workload.write(body, document=workload.cursor_document())
    answer = _ask(taking[0].contender.url(taking[0].port, workload), body, database.token)
    return str(answer["data"][workload.kind]["paginatorInfo"]["endCursor"])


def _compare(
    workload: Workload, taking: Sequence[Running], bodies: dict[str, Path], database: Database
) -> None:
    """Hold the answers of all contenders against one another, order of keys included.

    :raises RuntimeError: if they differ.
    """
    answers = [
        _ask(each.contender.url(each.port, workload), bodies[each.contender.name], database.token)
        for each in taking
    ]
    if workload.changes:
        # Each makes or moves rows of its own.
        answers = [_shape(answer) for answer in answers]
    for other, answer in zip(taking[1:], answers[1:], strict=True):
        normalised = other.contender.normalised or (lambda answer: answer)
        texts = [json.dumps(normalised(each)) for each in (answers[0], answer)]
        if texts[0] != texts[1]:
            names = f"{taking[0].contender.name} and {other.contender.name}"
            raise RuntimeError(f"{workload.name}: {names} differ.\n{texts[0][:600]}\n{texts[1][:600]}")


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    return type(value).__name__
