"""The process of the subscribers: opens their sockets, and waits until they were told of each event.

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
#: How long is waited for what should not come: an event told twice, or to somebody else.
STRAY_SECONDS = 0.5


class Wrong(Exception):
    """A subscriber was told something else than it should be."""


async def open_all(tally: Tally, task: Any) -> tuple[list[Subscriber], list[str]]:
    """Open all sockets, some at a time; give those that stand, and why others do not."""
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
    """Wait until so many subscribers were told of an event; give when the last one was, and what."""
    try:
        async with asyncio.timeout(seconds):
            while tally.told[event] < deliveries and tally.error is None:
                tally.news.clear()
                await tally.news.wait()
    except TimeoutError:
        raise Wrong(f"Event {event} reached {tally.told[event]} of {deliveries} in {seconds} s.") from None
    if tally.error is not None:
        raise Wrong(tally.error)
    return {"last_at": tally.last_at[event], "data": tally.data[event]}


async def run(lines: asyncio.StreamReader) -> None:
    """Do what is asked, line by line, and check in the end that each was told each event once, in order."""
    tally = Tally()
    task = orjson.loads(await lines.readline())
    begun = time.monotonic()
    subscribers, failures = await open_all(tally, task)
    say(opened=len(subscribers), failures=failures, seconds=time.monotonic() - begun)
    events: list[tuple[int, int | None]] = []
    while (asked := orjson.loads(await lines.readline())) is not None:
        event, group = asked["event"], asked["group"]
        events.append((event, group))
        say(**await follow(tally, event, asked["deliveries"], asked["seconds"]))
    await asyncio.sleep(STRAY_SECONDS)
    for each in subscribers:
        expected = [event for event, group in events if group in (None, each.group)]
        if each.numbers != expected:
            raise Wrong(f"A subscriber was told {each.numbers} of {expected}")
    if tally.error is not None:
        raise Wrong(tally.error)
    for each in subscribers:
        each.leave()
    say(deliveries=sum(tally.told.values()))


def say(**answer: Any) -> None:
    """Write one answer."""
    sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Serve the process that started this one; what goes wrong is told to it."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        await run(lines)
    except Exception as error:
        say(error=repr(error))


if __name__ == "__main__":
    uvloop.run(main())
