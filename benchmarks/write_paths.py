"""Measure what updateLead gains from each of two modules that Django's ORM could replace.

``python -m benchmarks.write_paths [ROUNDS]`` sends updateLead to the WSGI application in this process, with
``crm.database.updates`` and ``crm.database.row_locks`` and with plain Django in their place, in interleaved
blocks. The database is that of ``DATABASE_URL`` (``crm_write_paths`` on this machine unless it is set), made
if it is missing; its leads are moved. It prints the CPU time of a request, in this process and in
PostgreSQL's, and its ratio to the product's, with the quartiles of the rounds. The ratio is the steadier
figure on a busy machine.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.reads.databases import prepare
from benchmarks.reads.workloads import CHANGES

ADDRESS = "postgres://postgres@127.0.0.1:5432/crm_write_paths"
LEADS, ROUNDS, BLOCK, WARM_UP = 20_000, 100, 40, 5
#: Whether updates and row locks are those of the product, by variant.
VARIANTS = {
    "product": (True, True),
    "Model.save": (False, True),
    "select_for_update": (True, False),
    "both": (False, False),
}
DOCUMENT = next(each.document for each in CHANGES if each.name == "update-lead-again")


def choose(updates: bool, row_locks: bool) -> None:
    """Put plain Django in the place of the modules that are not to be used."""
    from crm.database import row_locks as own_locks
    from crm.database import updates as own_updates
    from crm.services import locking, saving
    from leads.services import stage_visits

    def save(row: Any, names: Any) -> None:
        row.save(update_fields=names)

    chosen: Any = own_updates.save_columns if updates else save
    saving.save_columns = stage_visits.save_columns = chosen  # type: ignore[attr-defined]
    locking.can_lock = own_locks.can_lock if row_locks else lambda: False  # type: ignore[attr-defined]


def sender(token: str, company: int) -> Callable[[], None]:
    """Return what sends the next updateLead; each moves another lead to another stage."""
    from config.wsgi import application
    from leads.models import Lead
    from pipelines.models import Stage

    leads = list(
        Lead._base_manager.filter(company=company).order_by("pk").values_list("pk", flat=True)[:5000]
    )
    stages = list(Stage._base_manager.filter(company=company).order_by("pk").values_list("pk", flat=True))
    sent = 0

    def send() -> None:
        nonlocal sent
        lead, turn = leads[sent % len(leads)], sent // len(leads)
        variables = {"id": str(lead), "stage": str(stages[(lead + 1 + turn) % len(stages)])}
        body = json.dumps({"query": DOCUMENT, "variables": variables}).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/graphql",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "https",
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        answer = b"".join(application(environ, lambda *_: None))
        if b'"updateLead":{' not in answer:
            sys.exit(f"updateLead failed: {answer!r}")
        sent += 1

    return send


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a process has used, as the scheduler counts them."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def measure(send: Callable[[], None], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return for each variant the CPU milliseconds of a request, here and in PostgreSQL, by round."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    # The first round fills the caches, and is not counted.
    for number in range(rounds + 1):
        names = list(VARIANTS) if number % 2 else list(reversed(VARIANTS))
        for name in names:
            choose(*VARIANTS[name])
            for _ in range(WARM_UP):
                send()
            here, there = time.process_time(), cpu_of(backend)
            for _ in range(BLOCK):
                send()
            taken = (time.process_time() - here, cpu_of(backend) - there)
            if number:
                measured[name].append((1000 * taken[0] / BLOCK, 1000 * taken[1] / BLOCK))
    return measured


def main() -> None:
    """Measure, and print a line for each variant."""
    # With DEBUG, Django would keep every statement.
    os.environ |= {
        "DJANGO_DEBUG": "false",
        "DJANGO_SECRET_KEY": "b" * 50,
        "DJANGO_ALLOWED_HOSTS": "localhost",
    }
    os.environ |= {"API_RATE_LIMIT": "0", "DATABASE_MAX_AGE": "600"}
    database = prepare(os.environ.get("DATABASE_URL", ADDRESS), leads=LEADS)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    measured = measure(sender(database.token, database.company), rounds)
    for name, values in measured.items():
        here, there = (statistics.median(each[part] for each in values) for part in (0, 1))
        ratios = [sum(own) / sum(base) for own, base in zip(values, measured["product"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        sys.stdout.write(
            f"{name:18} {here:.2f} + {there:.2f} ms, ratio {middle:.2f} ({low:.2f} to {high:.2f})\n"
        )


if __name__ == "__main__":
    main()
