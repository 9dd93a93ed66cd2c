"""Run code in a fork of the test's process: a process of its own that has all imported already."""

import os
import select
import signal
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connections

from tests.patience import PATIENCE_SECONDS


def run_in_fork(act: Callable[[], Any]) -> int:
    """Run a function in a fork, on database connections of its own, and wait for its end.

    :return: the exit code, 0 if the function returns, or minus the number of the signal that ended it.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            # Kept to the end: to free a connection of the test is to close it.
            _parents = [(each, each.connection) for each in connections.all(initialized_only=True)]
            for each, _connected in _parents:
                each.connection = None
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    ended = os.pidfd_open(child)
    try:
        if not select.select([ended], [], [], PATIENCE_SECONDS)[0]:
            os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(ended)
