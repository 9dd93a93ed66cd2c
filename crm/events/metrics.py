"""What the stream of events did and holds, for operators: counted here, told in the log each minute."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

logger = logging.getLogger("crm.metrics")

#: Seconds between two lines of the log.
TELL_SECONDS = 60.0


@dataclass
class Counts:
    """What happened in this process since it began.

    ``replayed_rows`` were read for clients that came back or fell behind; ``catch_ups`` counts queues that
    were full and dropped, ``evictions`` clients that were given up, ``hints_lost`` those that Redis did not
    take.
    """

    replayed_rows: int = 0
    catch_ups: int = 0
    evictions: int = 0
    hints_lost: int = 0


counts = Counts()
#: What can be looked at, by name; transports add theirs.
gauges: dict[str, Callable[[], float]] = {}


def values() -> dict[str, float]:
    """Give all that is known without asking the database."""
    return {**{name: gauge() for name, gauge in gauges.items()}, **asdict(counts)}


async def tell_regularly(more: Callable[[], Awaitable[Mapping[str, float]]]) -> None:
    """Log the numbers each minute until cancelled.

    :param more: gives what has to be read first.
    """
    while True:
        await asyncio.sleep(TELL_SECONDS)
        try:
            numbers = {**values(), **await more()}
        except Exception as error:
            # The database may be away; the next minute tells again.
            logger.warning("The numbers of the event stream are not known: %r", error)
            continue
        logger.info("The event stream in numbers.", extra={"metrics": numbers})
