"""The algorithm of a rotation: earliest deadline first among the candidates that are owed a lead.

Every candidate is owed its share of each lead, and one of them gets it. A credit is what a candidate is owed
less what it got. Among those with a positive credit, the one whose next whole lead falls due first gets the
lead: so everybody stays within one lead of its share while the candidates stay the same, as in the chairman
assignment problem (R. Tijdeman, Discrete Mathematics 32, 1980).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

#: One lead in the unit of credits. Credits are integers, so that both databases keep them exactly.
LEAD = 10**9


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An agent who may get the next lead, with a weight above 0 and its credit in billionths of a lead."""

    key: int
    weight: int
    credit: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The candidate that gets a lead, and each candidate's share of the lead and credit after it, by key."""

    chosen: int
    shares: Mapping[int, int]
    credits: Mapping[int, int]


def divide(amount: int, weights: Mapping[int, int]) -> dict[int, int]:
    """Divide an amount, which may be negative, by weights into integers that add up to it.

    :param weights: not empty, with a sum above 0.
    """
    total = sum(weights.values())
    shares = {key: amount * weight // total for key, weight in weights.items()}
    # One share takes what rounding left of all others; the lowest key, so that the result is always the same.
    shares[min(shares)] += amount - sum(shares.values())
    return shares


def choose(candidates: Sequence[Candidate]) -> Choice:
    """Choose which of at least one candidate gets the next lead; ties go to the lowest key."""
    shares = divide(LEAD, {each.key: each.weight for each in candidates})
    owed = {each.key: each.credit + shares[each.key] for each in candidates}
    # All may have got more than their share, while those who got less are away.
    waiting = [each for each in candidates if owed[each.key] > 0] or candidates
    # A fraction and not a float: a deadline that is rounded could break a tie the wrong way.
    chosen = min(waiting, key=lambda each: (Fraction(LEAD - owed[each.key], each.weight), each.key)).key
    return Choice(chosen=chosen, shares=shares, credits={**owed, chosen: owed[chosen] - LEAD})
