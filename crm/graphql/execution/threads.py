"""The threads in which the transports of an event loop use the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, close_old_connections

from crm.database.deadlines import Deadline, RequestEnded
from crm.database.failures import refusal_of
from crm.errors import TimedOut

# Two pools, apart from Django's own threads: neither slow requests nor slow operations delay events and
# other short work. Each thread holds a database connection while it works.
OPERATIONS = ThreadPoolExecutor(4, thread_name_prefix="socket-operation")
EVENTS = ThreadPoolExecutor(2, thread_name_prefix="socket-event")

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(
    executor: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that may use the database in a thread of an executor, and return its result.

    It has the time of a request, and ends soon if the waiting task is cancelled because its client has left.
    """
    deadline = Deadline()

    def call() -> T:
        with deadline:
            close_old_connections()
            try:
                return function(*args, **kwargs)
            except (DatabaseError, InterfaceError) as error:
                # Who waits for the result has no deadline by which to tell a cut connection from a lost one.
                if deadline.ending is not None and isinstance(refusal_of(error), TimedOut):
                    raise RequestEnded from error
                raise
            finally:
                close_old_connections()

    try:
        return await asyncio.get_running_loop().run_in_executor(executor, call)
    except asyncio.CancelledError:
        deadline.leave()
        raise
