"""Patterns: which are refused when saved, and that matching ends in time."""

import time

import pytest

from leads.routing.patterns import Deadline, SlowPattern, compile_pattern, extract

#: Patterns that look harmless, with texts of 2,000 characters on which they do not end.
SLOW = {
    r"(\w+)\s*(\w+)\s*:(\d+)": "a" * 1999 + ":",
    r"(.*)(.*)(.*)x(.*)y$": "ax" * 1000,
}


def take(pattern: str, value: str) -> str | None:
    return extract(compile_pattern(pattern), value, Deadline.starting_now())


@pytest.mark.parametrize(
    ("pattern", "value", "taken"),
    [
        (r"\d+", "zip 10001", "10001"),
        (r"zip (\d+)", "zip 10001", "10001"),
        (r"(a)|(b)", "b", "b"),
        (r"/ZIP (\d+)/i", "zip 10001", "10001"),
        (r"/^b$/m", "a\nb", "b"),
        (r"/a.b/s", "a\nb", "a\nb"),
        (r"\(?(\d{3})\)?", "(555) 0100", "555"),
        (r"(?P<code>[A-Z]{2})-\d+", "NY-1", "NY"),
        (r"\w+", "Ünïcode 1", "Ünïcode"),
        (r"a*a*b", "a" * 1999 + "c", None),
        (r"\d+", "none", None),
    ],
)
def test_extracted_texts(pattern, value, taken):
    assert take(pattern, value) == taken


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "//",
        "x" * 201,
        "(",
        "a)",
        "[a",
        "/a/q",
        "(a+)+",
        "(a+){,}",
        "(?:a{2}){2}",
        "((a*)b)*",
        "(?P<x>a+){3}",
        "(?:a{1000}b){1000}",
        "([[:alpha:])]a{999}){999}",
        "(a{999}(?#\\)){999}",
        "(?x)a",
        "a{1001}",
        "(?R)",
        "(?1)(a)",
        r"\p{Nonsense}",
        r"\L<names>",
    ],
)
def test_patterns_refused_when_saved(pattern):
    begin = time.thread_time()

    with pytest.raises(ValueError, match=r"\.$"):
        compile_pattern(pattern)

    assert time.thread_time() - begin < 0.5


@pytest.mark.parametrize("pattern", list(SLOW))
def test_a_search_ends_in_time(pattern):
    # CPU time, which is what ``regex`` limits: on a busy machine more time passes.
    begin = time.thread_time()

    with pytest.raises(SlowPattern):
        take(pattern, SLOW[pattern])

    assert time.thread_time() - begin < 3


def test_all_patterns_of_a_payload_share_one_deadline():
    deadline = Deadline(time.monotonic() - 1)

    with pytest.raises(SlowPattern):
        extract(compile_pattern("a"), "a", deadline)


def test_a_value_that_is_too_long_is_refused():
    assert take("b$", "a" * 1999 + "b") == "b"
    with pytest.raises(ValueError, match="2000"):
        take("b$", "a" * 2000 + "b")
