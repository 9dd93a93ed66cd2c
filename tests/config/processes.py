"""Run the product's commands in processes with their own environment."""

import os
import subprocess
import sys
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


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``python ARGUMENTS`` in the project's root and wait for its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
    )
