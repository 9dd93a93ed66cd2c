"""Counters and gauges of the event stream, logged for operators once a minute."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

logger = logging.getLogger("crm.metrics")

#: Seconds between two lines of the log.
LOG_SECONDS = 60.0


@dataclass
class Counts:
    """Counters of this process since its start; operators read them in the log (docs/operations.md)."""

    replayed_rows: int = 0
    catch_ups: int = 0
    evictions: int = 0
    hints_lost: int = 0


counts = Counts()
#: Gauges by name; the transports add theirs.
gauges: dict[str, Callable[[], float]] = {}


def values() -> dict[str, float]:
    return {**{name: gauge() for name, gauge in gauges.items()}, **asdict(counts)}


async def log_regularly(read_more: Callable[[], Awaitable[Mapping[str, float]]]) -> None:
    """Log the numbers, and those that ``read_more`` reads from the database, each minute until cancelled."""
    while True:
        await asyncio.sleep(LOG_SECONDS)
        try:
            numbers = {**values(), **await read_more()}
        except Exception as error:
            # The database may be away; the next minute tries again.
            logger.warning("The metrics of the event stream could not be read: %r", error)
            continue
        logger.info("Metrics of the event stream.", extra={"metrics": numbers})
