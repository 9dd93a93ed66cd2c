"""The delays until the next attempt."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.webhooks.retrying import delay_after, hold_after, parse_retry_after

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(SECONDS, start=1)))
def test_delays_grow_and_vary(attempts, seconds):
    delays = {delay_after(attempts) for _ in range(50)}

    assert all(seconds <= delay.total_seconds() <= seconds * 1.2 for delay in delays if delay)
    assert None not in delays
    assert len(delays) > 10


def test_after_ten_attempts_there_is_none():
    assert delay_after(10) is None
    assert delay_after(500) is None


def test_a_receiver_is_left_alone_for_longer_and_longer():
    holds = [hold_after(failures, None).total_seconds() for failures in (1, 2, 3, 6, 7, 8, 100_000)]

    assert holds == [5, 10, 20, 160, 300, 300, 300]


@pytest.mark.parametrize(("requested", "seconds"), [(1, 5), (60, 60), (3_600, 3_600), (999_999, 3_600)])
def test_retry_after_is_respected_within_bounds(requested, seconds):
    assert hold_after(1, timedelta(seconds=requested)).total_seconds() == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 4_000, 3_600),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 60),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 12:01:00", 60),
        ("Thu, 99 Jan 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after(header, seconds):
    read = parse_retry_after(header, now=NOW)

    assert (None if read is None else read.total_seconds()) == seconds
