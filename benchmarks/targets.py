"""Targets for the figures of a benchmark, and the table that shows which are met."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Results = TypeVar("Results")


@dataclass(frozen=True)
class Target(Generic[Results]):
    """Target for one figure, compared with another of the same run."""

    words: str
    value: Callable[[Results], float]
    least: float | None = None
    most: float | None = None

    @property
    def wanted(self) -> str:
        return f"at least {self.least}" if self.most is None else f"at most {self.most}"

    def is_met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def table(targets: Iterable[Target[Results]], results: Results) -> str:
    """Return a Markdown table of the targets whose figures were measured."""
    lines = ["\n| target | wanted | measured | met |\n|---|---|---|---|\n"]
    for target in targets:
        try:
            value = target.value(results)
        except KeyError:
            # One of the two did not take part.
            continue
        met = "yes" if target.is_met(value) else "no"
        lines.append(f"| {target.words} | {target.wanted} | {value:.2f} | {met} |\n")
    return "".join(lines) + "\n"
