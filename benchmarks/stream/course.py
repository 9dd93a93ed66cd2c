"""The whole run: all cases in turn for some rounds, then the many sockets."""

import os
import time
from collections import defaultdict
from contextlib import ExitStack

import redis

from benchmarks.stream.crowds import Crowds
from benchmarks.stream.listeners import listening
from benchmarks.stream.report import Results
from benchmarks.stream.rounds import Case, Measure, compare, measure_events, measure_round
from benchmarks.stream.servers import COMMANDS, LOAD_CORE, running

FIRST_PORT = 8170
MOST = "all sockets"
#: The interval between two checks of a socket's rights, so that one check of each socket is counted. The
#: events are over before the first socket is so old.
IDLE_SECONDS = 30
#: Sockets that stand before the memory of the others is measured.
FIRST_SOCKETS = 20


def redis_address(address: str) -> str:
    """Return the address if a Redis answers there, else an empty text."""
    try:
        with redis.Redis.from_url(address, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return ""
    return address


def run(
    crowds: Crowds,
    *,
    environment: dict[str, str],
    subscribers: int,
    events: int,
    sockets: int,
    rounds: int,
) -> Results:
    """Measure all cases."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measures: defaultdict[str, Measure] = defaultdict(Measure)
    many: dict[str, float] = {}
    with ExitStack() as stack:
        # Without Redis, what another process sends to the channel layer reaches nobody.
        names = list(COMMANDS) if environment["REDIS_URL"] else ["crm"]
        servers = {
            name: stack.enter_context(running(name, port=port, environment=environment))
            for port, name in enumerate(names, FIRST_PORT)
        }
        compare(list(servers.values()), crowds.everyone)
        cases = [
            Case(
                name=name,
                server=server,
                crowd=crowds.everyone,
                subscribers=subscribers,
                events=max(2, events // 10) if name == "naive" else events,
            )
            for name, server in servers.items()
        ]
        members = len(crowds.owners.tokens)
        for name, crowd, number, receives_all in (
            ("50 audiences", crowds.involved, subscribers, True),
            ("one of 50 audiences", crowds.owners, subscribers, False),
            ("one small audience", crowds.everyone, subscribers // members, True),
        ):
            cases.append(
                Case(
                    name=name,
                    server=servers["crm"],
                    crowd=crowd,
                    subscribers=number,
                    events=events,
                    receives_all=receives_all,
                )
            )
        for number in range(rounds):
            # The order is turned around in each second round.
            for case in cases if number % 2 else list(reversed(cases)):
                measure_round(case, measures[case.name])
    counts = {case.name: case.subscribers for case in cases} | {MOST: sockets}
    if sockets:
        many = _measure_sockets(crowds, environment, sockets, events, measures[MOST])
    # In the order of the cases, not in that in which they were first measured.
    names = [each for each in counts if measures[each].delays]
    return Results(measures={each: measures[each] for each in names}, subscribers=counts, sockets=many)


def _measure_sockets(
    crowds: Crowds, environment: dict[str, str], number: int, events: int, into: Measure
) -> dict[str, float]:
    with running("crm", port=FIRST_PORT + len(COMMANDS), environment=environment) as server:
        with listening(server, crowds.many.subscribers(FIRST_SOCKETS)) as listeners:
            case = Case(
                name=MOST, server=server, crowd=crowds.many, subscribers=number, events=max(5, events // 2)
            )
            listeners.close()
        memory = server.memory()
        with listening(server, case.crowd.subscribers(number)) as listeners:
            taken = server.memory() - memory
            opened = number - len(listeners.failures)
            if not listeners.failures:
                measure_events(case, listeners, into)
            before = server.cpu()
            time.sleep(IDLE_SECONDS)
            idle = (server.cpu() - before) / IDLE_SECONDS
            listeners.close()
            return {
                "number": number,
                "failures": len(listeners.failures),
                "opening": listeners.opening_seconds,
                "memory": taken / opened,
                "idle": idle * 100,
            }
