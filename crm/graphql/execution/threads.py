"""The threads in which the transports of an event loop use the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

# Two pools, apart from Django's own threads: neither slow requests nor slow operations delay events and
# other short work. Each thread holds a database connection while it works.
OPERATIONS = ThreadPoolExecutor(4, thread_name_prefix="socket-operation")
EVENTS = ThreadPoolExecutor(2, thread_name_prefix="socket-event")

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(
    executor: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that may use the database in a thread of an executor, and return its result."""

    def call() -> T:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(executor, call)
