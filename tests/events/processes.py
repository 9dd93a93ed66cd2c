"""Other processes on the database of the test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from tests.config.processes import DEVELOPMENT, ROOT, environment

SEQUENCING = """
import sys, threading, django
django.setup()
from crm.events.sequencer import sequence
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
print("ready", flush=True)
numbered = 0
while not ended.is_set():
    numbered += sequence()
print(numbered, flush=True)
"""


def of_test_database(**changes: Any) -> dict[str, str]:
    """Return the environment of a process that works on the database of the test."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        url = f"sqlite:///{name}"
    else:
        url = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return environment(
        DEVELOPMENT,
        DATABASE_URL=url,
        DATABASE_POOL_SIZE="0",
        DJANGO_SETTINGS_MODULE="config.settings",
        **changes,
    )


@contextmanager
def sequencing() -> Iterator[subprocess.Popen[str]]:
    """Number events in another process, from now until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", SEQUENCING],
        cwd=ROOT,
        env=of_test_database(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
