"""The results: a table of the medians, and what the targets came to."""

from collections.abc import Callable, Mapping

from benchmarks.reads.load import Measure
from benchmarks.targets import Target, table

Medians = Mapping[tuple[str, str], Measure]
HEAD = (
    "| workload | contender | requests/s | of the limit | p50 ms | p95 ms | app CPU ms | database CPU ms |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def _of(workload: str, other: str) -> Callable[[Medians], float]:
    return lambda medians: medians[workload, "crm"].rate / medians[workload, other].rate


TARGETS: list[Target[Medians]] = [
    Target("leads-20: rate of the limit's", _of("leads-20", "limit"), least=0.70),
    Target("leads-20: rate of strawberry-django's", _of("leads-20", "strawberry"), least=14),
    Target("leads-20: rate of PostGraphile's", _of("leads-20", "postgraphile"), least=1.5),
    Target("leads-20: of PostGraphile's without rules", _of("leads-20", "postgraphile-open"), least=1.5),
    Target("leads-100: rate of the limit's", _of("leads-100", "limit"), least=0.85),
    Target("people-20: rate of the limit's", _of("people-20", "limit"), least=0.75),
    Target("people-20: rate of PostGraphile's", _of("people-20", "postgraphile"), least=1.15),
    Target("people-20: of PostGraphile's without rules", _of("people-20", "postgraphile-open"), least=1.15),
    Target(
        "leads-20: p95 at 8 clients of the limit's",
        lambda medians: medians["leads-20", "crm"].slowest / medians["leads-20", "limit"].slowest,
        most=2,
    ),
    Target(
        "people-20: p95 at 8 clients of the limit's",
        lambda medians: medians["people-20", "crm"].slowest / medians["people-20", "limit"].slowest,
        most=2,
    ),
    Target("leads-20-total: rate of the limit's", _of("leads-20-total", "limit"), least=0.9),
    Target("create-lead: rate of the limit's", _of("create-lead", "limit"), least=0.35),
    Target(
        "leads-20-cursor: time of a page at its depth, of the first page's",
        lambda medians: medians["leads-20", "crm"].rate / medians["leads-20-cursor", "crm"].rate,
        most=2,
    ),
    Target(
        "leads-20-total: ms of the database's CPU for the whole request",
        lambda medians: medians["leads-20-total", "crm"].database,
        most=10,
    ),
]


#: The least rate of a workload, of the rate before, where both do the same.
UNCHANGED = 0.95
#: Changes of people, which are events since.
MORE_WORK = {"create-people": 0.9, "update-people": 0.9}


def _compared(ratios: Mapping[str, float]) -> list[Target[Medians]]:
    """Return the targets of a change: no workload slower than before, unless it does more."""

    def known(ratio: float) -> Callable[[Medians], float]:
        return lambda _: ratio

    return [
        Target(f"{workload}: rate of before", known(ratio), least=MORE_WORK.get(workload, UNCHANGED))
        for workload, ratio in ratios.items()
    ]


def report(
    medians: Medians, *, title: str, rounds: int, seconds: int, ratios: Mapping[str, float] | None = None
) -> str:
    """Return the table of the medians, by workload and contender, and the table of the targets.

    :param ratios: to the rate of ``before``, by workload.
    """
    lines = [f"## {title}\n\n{rounds} rounds of {seconds} s each.\n\n", HEAD]
    for (workload, contender), found in medians.items():
        limit = medians.get((workload, "limit"))
        share = f"{found.rate / limit.rate:.2f}" if limit else ""
        lines.append(
            f"| {workload} | {contender} | {found.rate:.0f} | {share} | {found.median:.1f}"
            f" | {found.slowest:.1f} | {found.app:.2f} | {found.database:.2f} |\n"
        )
    return "".join(lines) + table([*TARGETS, *_compared(ratios or {})], medians)
