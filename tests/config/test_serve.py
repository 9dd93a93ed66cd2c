"""``manage.py serve`` starts if everything it needs is there, else it reports in one sentence what is not."""

import asyncio
import json
import shutil
import signal
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from django.core.management.base import CommandError

from crm.checks import ensure_port_free
from crm.management.commands.serve import SEND_BUFFER_BYTES, listening_socket
from tests.config.processes import DEVELOPMENT, ROOT, environment, run_each
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@asynccontextmanager
async def server(env: dict[str, str], *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the server, wait until it listens, and stop it at the end."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # A shell makes background jobs ignore interrupts, and the server would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "manage.py", "serve", *options), cwd=ROOT, env=env, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            written = b""
            while b"Uvicorn running on" not in written:
                line = await process.stderr.readline()
                assert line, f"the server ended: {written.decode()}"
                written += line
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def test_send_buffer_and_timeout_of_a_connection_are_bounded():
    with (
        listening_socket("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        # Linux doubles the value, for its own bookkeeping.
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000


def test_free_port_is_accepted():
    ensure_port_free("127.0.0.1", free_port())


def test_taken_port_is_refused(taken_port):
    with pytest.raises(
        CommandError, match=rf"^Cannot listen on 127.0.0.1:{taken_port} \(Address already in use\)"
    ):
        ensure_port_free("127.0.0.1", taken_port)


def test_port_out_of_range_is_refused():
    with pytest.raises(CommandError, match=r"^Cannot listen on 127.0.0.1:65536 "):
        ensure_port_free("127.0.0.1", 65_536)


#: What keeps the server from starting, by the sentence that says so.
UNREACHABLE = {
    "The database does not answer (": {"DATABASE_URL": "postgres://u:secret@127.0.0.1:1/crm"},
    "The database does not answer (unable": {"DATABASE_URL": "sqlite:////missing/crm.sqlite3"},
    "Redis does not answer (": {"REDIS_URL": "redis://:secret@127.0.0.1:1/0"},
}


def test_what_is_missing_is_reported_in_one_sentence():
    envs = [environment(DEVELOPMENT, PORT=str(free_port()), **changes) for changes in UNREACHABLE.values()]
    envs.append(environment(DEVELOPMENT, PORT=str(free_port())))

    *unreachable, unmigrated = run_each([(["manage.py", "serve"], env) for env in envs])

    for sentence, ended in zip(UNREACHABLE, unreachable, strict=True):
        assert ended.returncode == 1
        assert ended.stderr.startswith(f"CommandError: {sentence}")
        assert len(ended.stderr.splitlines()) == 1
        assert "secret" not in ended.stderr
    assert unmigrated.stderr.endswith(" migrations are waiting. Run: manage.py migrate\n")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
async def test_serves_until_a_signal(migrated_file, tmp_path, sent, code):
    shutil.copy(migrated_file, tmp_path / "crm.sqlite3")
    env = environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{tmp_path}/crm.sqlite3", PORT=str(free_port()))

    async with server(env) as process:
        ready = await asyncio.to_thread(
            urllib.request.urlopen, f"http://127.0.0.1:{env['PORT']}/readyz", timeout=PATIENCE_SECONDS
        )
        with ready:
            assert (ready.status, ready.headers["Server"]) == (200, None)

        process.send_signal(sent)
        _, written = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)

    assert process.returncode == code
    assert b"Traceback" not in written


async def test_background_work_runs_inside_and_ends_with_the_server(migrated_file, tmp_path):
    shutil.copy(migrated_file, tmp_path / "crm.sqlite3")
    env = environment(
        DEVELOPMENT,
        DATABASE_URL=f"sqlite:///{tmp_path}/crm.sqlite3",
        FILES_ROOT=str(tmp_path),
        MONITORING_TOKEN="a secret",
        PORT=str(free_port()),
    )
    ready = urllib.request.Request(
        f"http://127.0.0.1:{env['PORT']}/readyz", headers={"Authorization": "Bearer a secret"}
    )

    def outcomes() -> dict[str, str | None]:
        with urllib.request.urlopen(ready, timeout=PATIENCE_SECONDS) as answer:
            told = json.load(answer)["work"]["parts"]
        return {name: part["outcome"] for name, part in told.items()}

    async with server(env, "--work") as process, asyncio.timeout(PATIENCE_SECONDS):
        while set((found := await asyncio.to_thread(outcomes)).values()) != {"DONE"}:
            assert "FAILED" not in found.values()
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, written = await process.communicate()

    assert {"imports", "webhooks", "events", "receiver_attempts"} < set(found)
    assert process.returncode == -signal.SIGTERM
    assert b"Traceback" not in written
