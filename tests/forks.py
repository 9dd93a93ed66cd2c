"""Processes of the product as forks of one that has set it up: a second of processor time less for each.

A fork is a process like any other: it has its own connections, threads and signals, and may be killed.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from tests.config.processes import ROOT
from tests.patience import PATIENCE_SECONDS

#: Sets the product up, as far as a server needs it, and then forks for each message on a socket: the
#: arguments of a Python, with a file for its output and one for its number and its exit code. A process in
#: between waits for the fork, so that this one can go on.
FORKING = """
import json, os, runpy, signal, socket, sys
import django
django.setup()
import config.asgi, crm.management.commands.serve, crm.management.commands.work, uvicorn.protocols.http.auto
requests = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
requests.send(b"ready")
while True:
    message, files, _, _ = socket.recv_fds(requests, 65536, 2)
    if not message:
        sys.exit()
    if os.fork():
        for file in files:
            os.close(file)
        continue
    output, status = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    requests.close()
    child = os.fork()
    if child:
        os.write(status, b"%d " % child)
        os.close(output)
        os.write(status, b"%d " % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0)
    os.close(status)
    arguments, with_errors = json.loads(message)
    os.dup2(output, 1)
    if with_errors:
        os.dup2(output, 2)
    os.close(output)
    sys.stdout.reconfigure(line_buffering=True)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
    sys.exit()
"""


class Forked:
    """What ``subprocess.Popen`` tells of a process and does to it, for a fork of another one."""

    def __init__(self, status: int, output: IO[str]) -> None:
        self._status = status
        self.stdout = output
        self.returncode: int | None = None
        self.pid = self._next(PATIENCE_SECONDS)

    def _next(self, timeout: float) -> int:
        """Return the next number that its parent writes."""
        text = b""
        deadline = time.monotonic() + timeout
        while not text.endswith(b" "):
            if not select.select([self._status], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise subprocess.TimeoutExpired("fork", timeout)
            read = os.read(self._status, 1)
            assert read, "the parent of the process was killed"
            text += read
        return int(text)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        if self.returncode is None:
            self.returncode = self._next(timeout)
            os.close(self._status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Warm:
    """A process with the product set up in one environment, which forks."""

    def __init__(self, process: "subprocess.Popen[bytes]", requests: socket.socket) -> None:
        self._process = process
        self._requests = requests

    def start(self, *arguments: str, with_errors: bool = True) -> Forked:
        """Run ``python ARGUMENTS``: a script, or ``-m`` and a module.

        :param with_errors: whether its output has what it writes to its error output, too.
        """
        assert self._process.poll() is None
        reading, writing = os.pipe()
        status, status_writing = os.pipe()
        message = json.dumps([arguments, with_errors]).encode()
        try:
            socket.send_fds(self._requests, [message], [writing, status_writing])
        finally:
            os.close(writing)
            os.close(status_writing)
        return Forked(status, open(reading, encoding="utf-8"))

    def run(self, *arguments: str) -> str:
        """Run what must succeed, and return its output."""
        process = self.start(*arguments, with_errors=False)
        with process.stdout as stdout:
            output = stdout.read()
        assert process.wait() == 0, output
        return output


@contextmanager
def warm(env: Mapping[str, str]) -> Iterator[Warm]:
    """Set the product up in another process, which forks while the block runs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", FORKING, str(theirs.fileno())],
            cwd=ROOT,
            env={"DJANGO_SETTINGS_MODULE": "config.settings", **env},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        ours.settimeout(PATIENCE_SECONDS)
        try:
            assert ours.recv(16) == b"ready", "the product cannot be set up"
            yield Warm(process, ours)
        finally:
            ours.close()
            process.wait(PATIENCE_SECONDS)
