"""A request is complete when its last byte is there, in whatever pieces it arrives."""

from itertools import pairwise
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders, ParseException
from hypothesis import given
from hypothesis import strategies as st

from config.server.request_reader import LARGEST_HEAD, MEMORY, RequestReader
from tests.server.clients import request

LIMIT = 300_000


def reader() -> RequestReader:
    return RequestReader(Config(), ("127.0.0.1", 1), lambda _request: LIMIT)


def take(reader: RequestReader, sent: bytes, cuts: list[int]) -> tuple[Any, bytes, bytes]:
    """Feed the reader as a socket does; return the request, its body, and what it left unread."""
    edges = [0, *sorted({cut % len(sent) for cut in cuts} - {0}), len(sent)]
    pieces = [sent[start:end] for start, end in pairwise(edges)]
    while pieces:
        piece = pieces.pop(0)
        if len(piece) > reader.wanted:
            pieces.insert(0, piece[reader.wanted :])
            piece = piece[: reader.wanted]
        if reader.feed(piece):
            break
    found = next(reader)
    body = found.body.read()
    reader.unreader.close()
    return found, body, b"".join(pieces)


@given(st.lists(st.integers(1, 100_000), max_size=8), st.sampled_from([0, 1, 500, MEMORY + 70_000]))
def test_pieces_make_no_difference(cuts, size):
    body = bytes(number % 251 for number in range(size))

    found, read, unread = take(reader(), request("/a?b=c", body, headers="X-Name: value\r\n"), cuts)

    assert (found.method, found.path, found.query, read, unread) == ("POST", "/a", "b=c", body, b"")
    assert ("X-NAME", "value") in found.headers
    assert not found.should_close()


def test_requests_that_were_sent_at_once_are_read_one_after_the_other():
    one = reader()
    sent = request("/a", b"first") + request("/b", b"second") + request("/c", b"third")[:-1]

    bodies = []
    for _ in range(2):
        assert one.feed(sent)
        bodies.append(next(one).body.read())
        sent = one.begin()

    assert bodies == [b"first", b"second"]
    assert not one.feed(sent)
    assert one.missing == 1
    assert one.feed(b"d")
    assert next(one).body.read() == b"third"
    one.unreader.close()


CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("sent", [request("/a", length=LIMIT + 1), CHUNKED])
def test_body_that_is_too_large_or_has_no_length_is_not_read_and_ends_the_connection(sent):
    found, body, _ = take(reader(), sent + b"5\r\nGET /\r\n", [])

    assert body == b""
    assert found.should_close()


def test_the_largest_body_is_read():
    _, body, _ = take(reader(), request("/a", bytes(LIMIT)), [])

    assert len(body) == LIMIT


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD, LimitRequestHeaders),
        (b"GET / HTTP/1.1\nHost: a\n\n", ParseException),
        (b"\n", ParseException),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", ParseException),
        (request("/a", headers="Content-Length: 7\r\n"), ParseException),
        (request("/a", b"x", headers="Transfer-Encoding: chunked\r\n"), ParseException),
    ],
)
def test_what_is_no_request_is_ready_to_be_refused(sent, error):
    one = reader()

    assert one.feed(sent)
    with pytest.raises(error):
        next(one)


def test_continue_is_expected_once_and_only_of_a_body_that_is_read():
    expecting = "Expect: 100-continue\r\n"
    one, large, complete = reader(), reader(), reader()

    assert not one.feed(request("/a", length=3, headers=expecting))
    assert (one.expects_continue, one.expects_continue) == (True, False)
    large.feed(request("/a", length=LIMIT + 1, headers=expecting))
    complete.feed(request("/a", b"abc", headers=expecting))
    assert not large.expects_continue
    assert not next(complete)._expected_100_continue
