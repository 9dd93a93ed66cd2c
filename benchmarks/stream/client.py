"""The process of the subscribers: opens their sockets, and waits until each event has reached them.

It is driven by lines of JSON: ``listeners`` writes them and reads the answers.
"""

import asyncio
import sys
import time
from typing import Any

import orjson
import uvloop

from benchmarks.stream.subscribers import Subscriber, Tally

#: Sockets that are being opened at a time.
OPENING = 50
OPEN_SECONDS = 60
#: Time given to what must not come: an event sent twice, or to the wrong subscriber.
STRAY_SECONDS = 0.5


class WrongDelivery(Exception):
    """Raised if a subscriber received something else than it should."""


async def open_all(tally: Tally, task: Any) -> tuple[list[Subscriber], list[str]]:
    """Open all sockets, some at a time; return those that are open, and the errors of the others."""
    room = asyncio.Semaphore(OPENING)
    loop = asyncio.get_running_loop()

    async def open_one(token: str, group: int) -> Subscriber:
        async with room, asyncio.timeout(OPEN_SECONDS):
            host, port = task["host"], task["port"]
            _, subscriber = await loop.create_connection(
                lambda: Subscriber(
                    tally, host=host, port=port, query=task["query"], token=token, group=group
                ),
                host,
                port,
            )
            await subscriber.ready
            return subscriber

    opened = await asyncio.gather(*(open_one(*each) for each in task["subscribers"]), return_exceptions=True)
    failures = [repr(each) for each in opened if isinstance(each, BaseException)]
    return [each for each in opened if isinstance(each, Subscriber)], failures


async def follow(tally: Tally, event: int, deliveries: int, seconds: float) -> dict[str, Any]:
    """Wait until so many subscribers received an event; return the time of the last one and the content."""
    try:
        async with asyncio.timeout(seconds):
            while tally.received[event] < deliveries and tally.error is None:
                tally.changed.clear()
                await tally.changed.wait()
    except TimeoutError:
        raise WrongDelivery(
            f"Event {event} reached {tally.received[event]} of {deliveries} in {seconds} s."
        ) from None
    if tally.error is not None:
        raise WrongDelivery(tally.error)
    return {"last_at": tally.last_at[event], "data": tally.data[event]}


async def run(lines: asyncio.StreamReader) -> None:
    """Follow the commands line by line; check at the end that each event came once, in order."""
    tally = Tally()
    task = orjson.loads(await lines.readline())
    begun = time.monotonic()
    subscribers, failures = await open_all(tally, task)
    write_answer(opened=len(subscribers), failures=failures, seconds=time.monotonic() - begun)
    events: list[tuple[int, int | None]] = []
    while (command := orjson.loads(await lines.readline())) is not None:
        event, group = command["event"], command["group"]
        events.append((event, group))
        write_answer(**await follow(tally, event, command["deliveries"], command["seconds"]))
    await asyncio.sleep(STRAY_SECONDS)
    for each in subscribers:
        expected = [event for event, group in events if group in (None, each.group)]
        if each.numbers != expected:
            raise WrongDelivery(f"A subscriber received {each.numbers} of {expected}")
    if tally.error is not None:
        raise WrongDelivery(tally.error)
    for each in subscribers:
        each.leave()
    write_answer(deliveries=sum(tally.received.values()))


def write_answer(**answer: Any) -> None:
    sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Serve the process that started this one, and report failures to it."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        await run(lines)
    except Exception as error:
        write_answer(error=repr(error))


if __name__ == "__main__":
    uvloop.run(main())
