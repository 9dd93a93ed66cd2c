"""A PostgreSQL and a Redis for the drills only, which they may kill."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.e2e.servers import free_port
from tests.patience import PATIENCE_SECONDS
from tests.requirements import REQUIRES_ALL

#: The user that runs PostgreSQL if the tests run as root: it refuses to run as root.
UNPRIVILEGED = "postgres"


def tool(name: str) -> str:
    """Return the path of a program of PostgreSQL or Redis; without it the test is skipped, or fails."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or next(map(str, beside), None)
    if found is None:
        (pytest.fail if REQUIRES_ALL else pytest.skip)(f"needs {name}")
    assert found is not None
    return found


class Redis:
    """A Redis that keeps nothing, on a port of its own."""

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        command = [tool("redis-server"), "--port", str(self._port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Postgres:
    """A cluster of PostgreSQL with one empty database."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def make(self) -> None:
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = (
            f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._directory}"
            " -c fsync=off -c max_connections=200"
        )
        (self._directory / "postgresql.auto.conf").touch()
        self._run("pg_ctl", "start", "--wait", f"--log={self._directory}/log", f"--options={options}")

    def copy_from(self, url: str) -> None:
        """Copy a database of another server into the empty one."""
        # Its roles need not exist here.
        command = [tool("pg_dump"), "--no-owner", "--no-privileges", url]
        dump = subprocess.run(command, stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS, check=True)
        restore = [tool("psql"), self.url, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
        subprocess.run(
            restore, input=dump.stdout, stdout=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, check=True
        )

    def restart(self) -> None:
        """End it as a crash does, with all its connections, and start it again."""
        self._run("pg_ctl", "restart", "--wait", "--mode=immediate", f"--log={self._directory}/log")

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate")

    def _run(self, name: str, *arguments: str) -> None:
        command = [tool(name), f"--pgdata={self._directory}", *arguments]
        if os.geteuid() == 0:
            user = ("setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups")
            command = [*user, *command]
        done = subprocess.run(
            command, cwd=self._directory, stdout=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, check=False
        )
        assert done.returncode == 0, (self._directory / "log").read_text()

    def wait_until_up(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=1).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Create a cluster that is removed afterwards."""
    # Not below pytest's own directory, which nobody else may enter.
    directory = Path(tempfile.mkdtemp(prefix="crm-chaos-"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(UNPRIVILEGED)
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        cluster = Postgres(directory)
        cluster.make()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
