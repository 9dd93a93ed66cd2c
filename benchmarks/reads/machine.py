"""Describe the machine of the measurements."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path


def machine(cores: str = "The server on one core, PostgreSQL and wrk on the other.") -> str:
    """Describe the machine and what runs on it.

    :param cores: a sentence on what runs where.
    """
    from django.db import connection

    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        [server] = cursor.fetchone()
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "graphene-django", "psycopg"))
    processor = model[1] if model else platform.machine()
    return (
        f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}, PostgreSQL {server},"
        f" {packages}. {cores}"
    )
