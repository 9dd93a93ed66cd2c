"""Run the product's commands in processes with their own environment."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parent.parent.parent

PRODUCTION = {
    "ADMIN_URL": "",
    "CSRF_TRUSTED_ORIGINS": "",
    "DATABASE_URL": "sqlite://:memory:",
    "DJANGO_ALLOWED_HOSTS": "crm.example.com",
    "DJANGO_DEBUG": "false",
    "DJANGO_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "REDIS_URL": "redis://127.0.0.1:6379/15",
    "TRUSTED_PROXY_COUNT": "1",
    "WEB_CONCURRENCY": "2",
}

DEVELOPMENT = {
    **PRODUCTION,
    "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1",
    "DJANGO_DEBUG": "true",
    "DJANGO_SECRET_KEY": "tests-only",
    "REDIS_URL": "",
    "TRUSTED_PROXY_COUNT": "0",
    "WEB_CONCURRENCY": "1",
}


def environment(*bases: dict[str, str], **changes: str | None) -> dict[str, str]:
    """Return an environment of the bases, where later ones win, and the changes, where None removes."""
    merged: dict[str, str | None] = {"PATH": os.environ["PATH"]}
    for base in bases:
        merged |= base
    merged |= changes
    return {name: value for name, value in merged.items() if value is not None}


#: Imports what commands have in common, and with settings also the apps; then forks for each command.
FORKING = """
import json, os, runpy, sys, tempfile
import django.core.management, environ, psycopg, redis
import django.db.models, django.forms, django.template, graphene, redis.asyncio
commands = json.loads(sys.argv[1])
if "DJANGO_SETTINGS_MODULE" in os.environ:
    django.setup()
ended = []
for arguments, environment in commands:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = arguments
            sys.path.insert(0, os.getcwd())
            if arguments[0] == "-c":
                exec(arguments[1], {"__name__": "__main__"})
            elif arguments[0] == "-m":
                sys.argv = arguments[1:]
                runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(arguments[0], run_name="__main__")
            sys.exit()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        ended.append([code, out.read(), err.read()])
print(json.dumps(ended))
"""


def run_each(
    commands: Sequence[tuple[list[str], dict[str, str]]],
    *,
    env: dict[str, str] | None = None,
    cwd: Path = ROOT,
) -> list[subprocess.CompletedProcess[str]]:
    """Run ``python ARGUMENTS`` in environments of their own, one after the other.

    Each is a fork of one process that has imported Django, which takes most of the time of a short command.

    :param env: environment of that process; with DJANGO_SETTINGS_MODULE it sets the apps up for all commands.
    """
    done = run("-c", FORKING, json.dumps(commands), env=env or environment(), cwd=cwd)
    assert done.returncode == 0, done.stderr
    return [
        subprocess.CompletedProcess(arguments, code, out, err)
        for (arguments, _), (code, out, err) in zip(commands, json.loads(done.stdout), strict=True)
    ]


def run(*arguments: str, env: dict[str, str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run ``python ARGUMENTS`` in a directory, that of the project, and wait for its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
    )
