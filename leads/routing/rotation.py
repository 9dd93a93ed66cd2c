"""Whose turn it is: shares become turns, by earliest deadline among those who are owed.

Every candidate is owed its share of each lead, and the lead goes to one of them. A credit is what an agent is
owed less what it got. Among those who are owed something, the one whose next whole lead falls due first gets
the lead: this keeps everybody within one lead of its share while the candidates stay the same, as in the
chairman assignment problem (R. Tijdeman, Discrete Mathematics 32, 1980).

Credits are integers, one lead being 10^9, so that a database keeps them exactly. No share is rounded by more
than one billionth of a lead at a turn, but for that of one agent, who gets what the others' rounding leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

#: One lead, in the unit of credits.
LEAD = 10**9


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An agent who may get the next lead: its weight, above 0, and its credit in billionths of a lead."""

    key: int
    weight: int
    credit: int


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who gets a lead, and what everybody was owed of it and has to its credit afterwards, by key."""

    chosen: int
    shares: Mapping[int, int]
    credits: Mapping[int, int]


def shares_of(amount: int, weights: Mapping[int, int]) -> dict[int, int]:
    """Divide an amount by weights into integers that add up to it.

    :param amount: what is divided; may be negative.
    :param weights: not empty, the sum above 0. What rounding leaves over goes to the lowest key.
    """
    total = sum(weights.values())
    shares = {key: amount * weight // total for key, weight in weights.items()}
    shares[min(shares)] += amount - sum(shares.values())
    return shares


def next_turn(candidates: Sequence[Candidate]) -> Turn:
    """Give the lead to whose turn it is; ties go to the lowest key.

    :param candidates: those who may get it, at least one.
    """
    shares = shares_of(LEAD, {each.key: each.weight for each in candidates})
    owed = {each.key: each.credit + shares[each.key] for each in candidates}
    # All may have got more than their share, when those who did not are away.
    waiting = [each for each in candidates if owed[each.key] > 0] or candidates
    chosen = min(waiting, key=lambda each: (Fraction(LEAD - owed[each.key], each.weight), each.key)).key
    return Turn(chosen=chosen, shares=shares, credits={**owed, chosen: owed[chosen] - LEAD})
