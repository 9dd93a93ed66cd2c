"""Rotation: shares are exact where they are whole numbers, and nobody is ever far from its share."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.routing.rotation import LEAD, Candidate, Choice, choose, divide

#: How far rounding may take a share, in leads, at one turn.
ROUNDING = Fraction(25, LEAD)


def turns(weights: Mapping[int, int], count: int) -> Iterator[Choice]:
    """Yield this many choices among fixed candidates, which start without credits."""
    credits = dict.fromkeys(weights, 0)
    for _ in range(count):
        turn = choose([Candidate(key=key, weight=weights[key], credit=credits[key]) for key in weights])
        credits.update(turn.credits)
        yield turn


def test_50_30_20_begins_as_in_exact_arithmetic():
    chosen = "".join(" ABC"[turn.chosen] for turn in turns({1: 50, 2: 30, 3: 20}, 20))

    assert chosen == "ABACABABACABACABABAC"


def test_50_30_20_over_1000_leads_is_500_300_200():
    assert Counter(turn.chosen for turn in turns({1: 50, 2: 30, 3: 20}, 1000)) == {1: 500, 2: 300, 3: 200}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(min_value=1, max_value=1_000_000), min_size=1, max_size=25),
    st.integers(min_value=1, max_value=400),
)
def test_every_prefix_is_within_one_of_the_share(weights: list[int], count: int):
    by_key = dict(enumerate(weights, 1))
    total = sum(weights)
    got: Counter[int] = Counter()
    for number, turn in enumerate(turns(by_key, count), 1):
        got[turn.chosen] += 1
        for key, weight in by_key.items():
            away = abs(got[key] - Fraction(weight * number, total))
            assert away <= 1 + ROUNDING * number
        assert sum(turn.credits.values()) == 0
        assert sum(turn.shares.values()) == LEAD


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=100), min_size=2, max_size=12))
def test_after_as_many_leads_as_the_sum_of_weights_each_agent_has_its_weight(weights: list[int]):
    by_key = dict(enumerate(weights, 1))
    turn_list = list(turns(by_key, sum(weights)))

    got = Counter(turn.chosen for turn in turn_list)
    assert all(abs(got[key] - weight) <= 1 for key, weight in by_key.items())


def who_is_there(chance: random.Random, keys: Sequence[int]) -> list[int]:
    there = [key for key in keys if chance.random() < 0.8]
    return there or [chance.choice(keys)]


@pytest.mark.parametrize("seed", range(60))
def test_agents_who_come_and_go_stay_within_two_of_what_they_are_owed(seed: int):
    chance = random.Random(seed)
    weights = {key: chance.randint(1, 100) for key in range(1, chance.randint(3, 26))}
    credits = dict.fromkeys(weights, 0)
    owed = dict.fromkeys(weights, Fraction(0))
    there = list(weights)
    for number in range(400):
        if number % chance.randint(5, 40) == 0:
            there = who_is_there(chance, list(weights))
        turn = choose([Candidate(key=key, weight=weights[key], credit=credits[key]) for key in there])
        credits.update(turn.credits)
        total = sum(weights[key] for key in there)
        for key in there:
            owed[key] += Fraction(weights[key], total)
        owed[turn.chosen] -= 1
        assert max(abs(value) for value in owed.values()) < 2


def test_a_skipped_agent_is_owed_nothing():
    turn = choose([Candidate(key=2, weight=1, credit=0)])

    assert turn == Choice(chosen=2, shares={2: LEAD}, credits={2: 0})


def test_ties_go_to_the_lowest_key():
    equal = [Candidate(key=key, weight=7, credit=0) for key in (9, 4, 6)]

    assert choose(equal).chosen == 4


def test_the_lead_goes_to_somebody_even_if_nobody_is_owed():
    over = [Candidate(key=1, weight=1, credit=-5 * LEAD), Candidate(key=2, weight=3, credit=-5 * LEAD)]

    assert choose(over).chosen == 2


@given(
    st.integers(min_value=-(10**12), max_value=10**12),
    st.dictionaries(st.integers(1, 99), st.integers(1, 10**6), min_size=1, max_size=25),
)
def test_shares_add_up_to_the_amount(amount: int, weights: dict[int, int]):
    assert sum(divide(amount, weights).values()) == amount
