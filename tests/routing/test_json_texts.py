"""Strict JSON: its depth is bounded before anything is built, and no number loses digits unnoticed."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.json_texts import (
    DEEPEST,
    InexactNumber,
    TooDeep,
    check_depth_of_text,
    is_bounded,
    is_exact,
    read_json,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(depth_of, members), default=0)


@given(value=VALUES, levels=st.integers(0, 60))
def test_the_depth_of_a_text_is_that_of_its_value(value, levels):
    for _ in range(levels):
        value = [value]
    is_fine = depth_of(value) <= DEEPEST

    assert is_bounded(value) is is_fine
    if is_fine:
        check_depth_of_text(json.dumps(value, ensure_ascii=False))
        assert read_json(json.dumps(value)) == value
    else:
        with pytest.raises(TooDeep):
            check_depth_of_text(json.dumps(value, ensure_ascii=False))


LONG_TEXTS = ['"' * 200_000, '"\\"' * 80_000, '"' + "\\" * 200_001, "\\" * 200_000, "[]" * 99_999]


@pytest.mark.parametrize("text", LONG_TEXTS, ids=["quotes", "escaped", "open", "escapes", "lists"])
def test_no_text_takes_long(text):
    begin = time.process_time()
    check_depth_of_text(text)

    # Linear: a scan that starts again at each quote would take minutes.
    assert time.process_time() - begin < 5


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_prints_is_exact(number):
    assert is_exact(repr(number), number)
    assert not isinstance(read_json(repr(number)), InexactNumber)


@given(digits=st.from_regex(r"[1-9][0-9]{0,14}", fullmatch=True), places=st.integers(1, 15))
def test_fifteen_digits_are_exact(digits, places):
    padded = digits.rjust(places + 1, "0")
    text = f"{padded[:-places]}.{padded[-places:]}"

    assert is_exact(text, float(text))


@pytest.mark.parametrize("text", ["12345678901234567890.5", "0.12345678901234567890", "9007199254740993.0"])
def test_lost_digits_are_noticed(text):
    assert isinstance(read_json(text), InexactNumber)
    assert read_json(f"[{text}]", inexact=str) == [text]
    assert not is_bounded({"a": [read_json(text)]})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "[1", "", "'a'"])
def test_what_is_no_json(text):
    with pytest.raises(ValueError):
        read_json(text)
