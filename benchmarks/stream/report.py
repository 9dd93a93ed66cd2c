"""The report: tables of the cost of events, the cost of many sockets, and the targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.stream.rounds import Measure
from benchmarks.targets import Target, table

HEAD = (
    "| case | subscribers | events | deliveries | server CPU us per delivery | last delivery p50 ms | p95 ms"
    " | all CPU ms per event |\n|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True, kw_only=True)
class Results:
    """The measures, by the name of the case.

    ``sockets`` is what many cost that hear nothing: how many there were and how many failed, the seconds in
    which all were opened, KiB of memory for each, and the percentage of a core; empty if left out.
    """

    measures: Mapping[str, Measure]
    subscribers: Mapping[str, int]
    sockets: Mapping[str, float]


def _cost(case: str, of: str = "crm") -> Callable[[Results], float]:
    return lambda results: results.measures[case].per_delivery / results.measures[of].per_delivery


def _delay(case: str, of: str, share: float) -> Callable[[Results], float]:
    return lambda results: results.measures[case].delay(share) / results.measures[of].delay(share)


def _all_of_event(case: str, of: str) -> Callable[[Results], float]:
    return lambda results: results.measures[case].per_event / results.measures[of].per_event


def _sockets(figure: str) -> Callable[[Results], float]:
    return lambda results: results.sockets[figure]


TARGETS: list[Target[Results]] = [
    Target("CPU per delivery: the naive one's of the CRM's", _cost("naive", "crm"), least=40),
    Target("last delivery, p50: the naive one's of the CRM's", _delay("naive", "crm", 0.5), least=25),
    Target("last delivery, p95: the naive one's of the CRM's", _delay("naive", "crm", 0.95), least=25),
    Target("CPU per delivery, of that without a log", _cost("crm", "no log"), most=1.2),
    Target("all CPU per event, of that without a log", _all_of_event("crm", "no log"), most=1.2),
    Target("CPU per delivery to 50 audiences at once, of that to one", _cost("50 audiences"), most=1.5),
    Target(
        "CPU per delivery to one of 50 audiences, of that to one alone",
        _cost("one of 50 audiences", "one small audience"),
        most=1.5,
    ),
    Target("CPU per delivery to all sockets, of that to fewer", _cost("all sockets"), most=1.2),
    Target("sockets that do not connect or subscribe", _sockets("failures"), most=0),
    Target("KiB of the server's memory for a socket", _sockets("memory"), most=45),
]


def report(results: Results, *, title: str, rounds: int) -> str:
    """Return the tables of the cases, the sockets and the targets."""
    lines = [f"## {title}\n\n{rounds} rounds.\n\n", HEAD]
    for case, found in results.measures.items():
        lines.append(
            f"| {case} | {results.subscribers[case]} | {len(found.delays)} | {found.deliveries}"
            f" | {found.per_delivery:.1f} | {found.delay(0.5):.1f} | {found.delay(0.95):.1f}"
            f" | {found.per_event:.1f} |\n"
        )
    sockets = results.sockets
    if sockets:
        lines.append(
            f"\n{sockets['number']:.0f} sockets connected and subscribed in {sockets['opening']:.1f} s,"
            f" {sockets['failures']:.0f} failed; {sockets['memory']:.1f} KiB of the server's memory for each;"
            f" {sockets['idle']:.1f} % of a core while nothing happens.\n"
        )
    return "".join(lines) + table(TARGETS, results)
