"""How fast the lists of the API are, beside the SQL that answers them and beside other servers.

``python -m benchmarks.reads`` makes a database of its own (``--database``, kept for the next time), starts
the contenders on one core with PostgreSQL and wrk on the other, compares their answers, and prints medians of
interleaved rounds. It needs PostgreSQL, wrk (Debian: ``apt-get install wrk``) and the extra ``bench``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.reads.contenders import CONTENDERS, Contender
from benchmarks.reads.load import Measure, measure, median
from benchmarks.reads.report import report
from benchmarks.reads.workloads import WORKLOADS, Workload

APP_CORE, LOAD_CORE = 0, 1
FIRST_PORT = 8150
CLIENTS = 8


def prepare(database: str) -> tuple[int, str, int]:
    """Make the dataset if it is not there; give the company, a token for it, and the server's process."""
    os.environ |= {"DATABASE_URL": database, "DATABASE_STATEMENT_TIMEOUT": "0", "DATABASE_POOL_SIZE": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from benchmarks.dataset import Size, build, migrate_own_database

    is_new = migrate_own_database()
    from django.db import connection

    from crm.models import Company, User
    from crm.services import tokens

    if is_new:
        sys.stdout.write("Making the dataset: two minutes or so.\n")
        build(Size())
    company = Company.objects.get(name="Larger")
    _, token = tokens.create_token(User.objects.get(username="larger-admin"), company, name="benchmark")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    parent = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1]
    return company.pk, token, int(parent)


def answer(url: str, body: Path, token: str) -> Any:
    """Ask once; give the answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, body.read_bytes(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def compare(answers: dict[str, Any], workload: Workload) -> None:
    """Hold the answers of all contenders against one another, order of keys included.

    :raises RuntimeError: if they differ.
    """
    texts = {name: json.dumps(body) for name, body in answers.items()}
    first, *others = texts
    for name in others:
        if texts[name] != texts[first]:
            shown = "\n".join(texts[each][:600] for each in (first, name))
            raise RuntimeError(f"{workload.name}: {name} answers other than {first}.\n{shown}")


def main() -> None:
    """Run what the command line asks for, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432/crm_reads")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--workloads", nargs="*", default=[each.name for each in WORKLOADS])
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--results", type=Path, help="a Markdown file to write the results into")
    asked = parser.parse_args()
    company, token, postmaster = prepare(asked.database)
    subprocess.run(["taskset", "-acp", str(LOAD_CORE), str(postmaster)], check=False, capture_output=True)
    contenders = [CONTENDERS[name] for name in asked.contenders]
    environment = {"DATABASE_URL": asked.database, "COMPANY": str(company), "DATABASE_POOL_SIZE": "8"}
    measures: dict[tuple[str, str], list[Measure]] = {}
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        running = [
            (each, port, stack.enter_context(each.running(port=port, core=APP_CORE, environment=environment)))
            for port, each in enumerate(contenders, FIRST_PORT)
        ]
        for workload in [each for each in WORKLOADS if each.name in asked.workloads]:
            body = Path(directory) / f"{workload.name}.json"
            workload.write(body)
            there: list[tuple[Contender, int, int]] = [each for each in running if each[0].takes(workload)]
            compare(
                {each.name: answer(each.url(port, workload), body, token) for each, port, _ in there},
                workload,
            )
            for number in range(-1, asked.rounds):
                # The order is turned around in each second round.
                for each, port, pid in there if number % 2 else reversed(there):
                    found = measure(
                        each.url(port, workload),
                        body=body,
                        token=token,
                        clients=CLIENTS,
                        seconds=asked.seconds if number >= 0 else 2,
                        core=LOAD_CORE,
                        app=pid,
                        database=[postmaster],
                    )
                    # The first round warms caches, connections and prepared statements.
                    if number >= 0:
                        measures.setdefault((workload.name, each.name), []).append(found)
    text = report(
        {key: median(found) for key, found in measures.items()}, rounds=asked.rounds, seconds=asked.seconds
    )
    sys.stdout.write(text)
    if asked.results:
        asked.results.write_text(text)


if __name__ == "__main__":
    main()
