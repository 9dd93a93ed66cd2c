"""Contenders of the benchmark: how each starts on one core, and its URL."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.reads import postgraphile, tenancy
from benchmarks.reads.workloads import Workload

#: The rest is in gunicorn.conf.py.
GUNICORN = ["gunicorn", "--log-level", "error"]
#: For checkouts that do not have it.
FORMER_GUNICORN = [*GUNICORN, "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
UVICORN = ["uvicorn", "--loop", "uvloop", "--no-access-log", "--log-level", "error"]
#: The CRM as in production, without what would keep a load test from asking it: TLS and the limit of rates.
PRODUCTION = {
    "DJANGO_DEBUG": "false",
    "DJANGO_SECRET_KEY": "benchmark" * 8,
    "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
    "DJANGO_SSL_REDIRECT": "false",
    "API_RATE_LIMIT": "0",
}


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A server: its command without the address, and what its environment has beside the database.

    :param documents: what it is asked where it does not answer the specification's documents, by workload; it
        takes part in these workloads alone.
    :param normalised: brings an answer into the shape that all are compared in.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    one_address: bool = True
    documents: Mapping[str, str] = field(default_factory=dict)
    normalised: Callable[[Any], Any] | None = None
    #: Another checkout, with an environment of its own in ``.venv``.
    checkout: Path | None = None

    def url(self, port: int, workload: Workload) -> str:
        """Return the URL for a workload."""
        return f"http://127.0.0.1:{port}/{'graphql' if self.one_address else workload.name}"

    def takes(self, workload: Workload) -> bool:
        """Return whether the contender takes part in a workload."""
        if self.documents and workload.name not in self.documents:
            return False
        return not workload.only or bool({self.name, "crm" if self.checkout else ""} & workload.only)

    @contextmanager
    def running(self, *, port: int, core: int, environment: Mapping[str, str]) -> Iterator[int]:
        """Start it on one core; give its process while it serves."""
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *self._command(port)],
            env={**os.environ, **self.environment, **environment, "PORT": str(port)},
            cwd=self.checkout,
            # Each request is logged, as in production; nobody reads it here.
            stderr=subprocess.DEVNULL if "DJANGO_SECRET_KEY" in self.environment else None,
        )
        try:
            wait_until_up(port, process)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)

    def _command(self, port: int) -> list[str]:
        if self.documents:
            # No program of Python: it reads its port from the environment.
            return list(self.command)
        address = ["--bind", f"127.0.0.1:{port}"] if "gunicorn" in self.command[0] else ["--port", str(port)]
        python = sys.executable if self.checkout is None else str(self.checkout / ".venv/bin/python")
        return [python, "-m", *self.command, *address]


def wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers.

    :raises RuntimeError: if it ends before, or does not answer within a minute.
    """
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("The server did not start: run its command by hand to see why.") from None
            time.sleep(0.1)
    raise RuntimeError("The server did not answer within 60 s.")


CONTENDERS = {
    each.name: each
    for each in (
        Contender(
            name="limit",
            command=(*UVICORN, "benchmarks.reads.limit:application"),
            environment={},
            one_address=False,
        ),
        Contender(name="crm", command=(*GUNICORN, "config.wsgi"), environment=PRODUCTION),
        Contender(
            name="standard",
            command=(*GUNICORN, "config.wsgi"),
            environment=PRODUCTION | {"GRAPHQL_COMPILED_READS": "false"},
        ),
        Contender(
            name="strawberry",
            command=(*GUNICORN, "benchmarks.reads.strawberry_contender:application"),
            environment=PRODUCTION,
        ),
        *(
            Contender(
                name=name,
                command=postgraphile.COMMAND,
                environment={"NODE_ENV": "production"} | environment,
                documents=postgraphile.DOCUMENTS,
                normalised=postgraphile.normalised,
            )
            for name, environment in (("postgraphile", {"ROLE": tenancy.ROLE}), ("postgraphile-open", {}))
            if postgraphile.INSTALLED
        ),
    )
}


def before(checkout: Path) -> Contender:
    """Return the CRM of another checkout, to compare a change with the commit before it."""
    checkout = checkout.resolve()
    gunicorn = GUNICORN if (checkout / "gunicorn.conf.py").exists() else FORMER_GUNICORN
    return replace(CONTENDERS["crm"], name="before", checkout=checkout, command=(*gunicorn, "config.wsgi"))
