"""Hostile and broken messages: refused with a reason and kept, in bounded time and memory."""

import random
import tracemalloc

import pytest

from crm.models import Activity
from leads.mail import html
from leads.mail.bounds import KEPT_OF_LARGER, LARGEST_MAIL, MOST_NESTED, OutOfBounds
from leads.mail.parsing import parse_mail
from leads.mail.quotes import part_quotes
from leads.models import AttemptStatus, ReceivedMail
from leads.services.replaying import replay_attempt
from tests.factories.people import PersonFactory
from tests.receivers.mails import NAMES, RECEIVED_AT, deliver, mail_receiver, message, sample

HEAD = b"From: jane.doe@example.org\r\nMessage-ID: <bomb@example.org>\r\nMIME-Version: 1.0\r\n"


def nested(levels):
    body = b"Content-Type: text/plain\r\n\r\ndeep\r\n"
    for level in range(levels):
        mark = b"b%d" % level
        body = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n%s\r\n--%s--\r\n' % (
            *(mark, mark),
            body,
            mark,
        )
    return HEAD + body


def flat(parts):
    return (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + b"--b\r\n\r\nx\r\n" * parts
        + b"--b--\r\n"
    )


BOMBS = {
    "levels": (nested(MOST_NESTED + 5), "nested more than 20 levels deep"),
    "very many levels": (nested(5_000), "too many parts"),
    "parts": (flat(600), "more than 500 parts"),
    "very many parts": (flat(100_000), "too many parts"),
    "headers": (HEAD + b"X-A: b\r\n" * 50_000 + b"\r\nhi", "more than 256 KB"),
    "lines": (HEAD + b"\r\n" + b"\n" * 800_000, "more than 700,000 lines"),
    "header without end": (b"Subject: " + b"x" * 300_000, "more than 256 KB"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_bursts(name):
    raw, reason = BOMBS[name]
    tracemalloc.start()
    try:
        with pytest.raises(OutOfBounds, match=reason):
            parse_mail(raw, received_at=RECEIVED_AT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 20 * len(raw) + 5_000_000


@pytest.mark.django_db
def test_a_bomb_is_kept_and_told(company, actors):
    receiver = mail_receiver(company)

    attempt = deliver(receiver, nested(30))

    assert (attempt.status, attempt.refusal) == (
        AttemptStatus.FAILED,
        "message: The parts of the message are nested more than 20 levels deep.",
    )
    assert bytes(ReceivedMail.objects.get().raw) == nested(30)
    assert replay_attempt(attempt.pk, actor=actors.manager).status == AttemptStatus.FAILED
    assert not Activity.objects.exists()


@pytest.mark.django_db
def test_of_a_message_of_30_mb_the_begin_is_kept(company):
    receiver = mail_receiver(company)
    PersonFactory(company=company, email="jane.doe@example.org")
    raw = message(receiver, text="x" * 30 * 1024 * 1024)

    first, again = deliver(receiver, raw), deliver(receiver, raw)

    assert (first.pk, first.status) == (again.pk, AttemptStatus.FAILED)
    assert first.refusal == "message: The message has 30.0 MB; at most 25 MB are read."
    kept = ReceivedMail.objects.get()
    assert (len(kept.raw), kept.size) == (KEPT_OF_LARGER, len(raw))
    assert first.payload["subject"] == "Question"
    assert not Activity.objects.exists()


@pytest.mark.django_db
def test_the_largest_message_is_read(company):
    receiver = mail_receiver(company)
    person = PersonFactory(company=company, email="jane.doe@example.org")
    raw = message(receiver, text="word " * 12 + "\n")
    raw += (b"x" * 76 + b"\r\n") * ((LARGEST_MAIL - len(raw)) // 78)

    assert deliver(receiver, raw).status == AttemptStatus.PROCESSED
    activity = Activity.objects.get()
    assert (activity.entity, len(activity.text)) == (person, 100_000)


@pytest.mark.parametrize("name", NAMES)
def test_no_broken_message_makes_the_parser_fail(name):
    """Bytes are lost, doubled and changed at random: each is read or refused."""
    chance, raw = random.Random(name), sample(name)
    for _ in range(60):
        broken = bytearray(raw)
        for _ in range(chance.randint(1, 30)):
            place, length = chance.randrange(len(broken)), chance.randint(0, 40)
            broken[place : place + length] = chance.randbytes(chance.randint(0, 20))
        try:
            mail = parse_mail(bytes(broken), received_at=RECEIVED_AT)
        except OutOfBounds:
            continue
        assert "\x00" not in mail.text + mail.subject + mail.quoted
        (mail.text + mail.subject + "".join(each.name for each in mail.senders)).encode()


@pytest.mark.parametrize(
    "text",
    [
        "> a\n" * 50_000 + "end",
        "-" * 900_000,
        "From: x\n" * 30_000,
        ":" * 400_000 + " " * 400_000,
        "\n" * 900_000,
    ],
)
def test_quotations_are_parted_in_one_walk(text):
    """A walk back for every line would not end in the time of a test."""
    parted = part_quotes(text)

    assert len(parted.text) + len(parted.quoted) >= len(text.strip()) - 2


@pytest.mark.parametrize(
    "markup",
    [
        "<blockquote>" * 100_000,
        "<a href='http://x'>" * 50_000,
        "<" * 400_000,
        "<!" * 200_000,
        "<!--" * 100_000,
        "<a " * 150_000,
        '<a "' * 100_000,
        "<script>" * 60_000,
        "</" * 200_000,
        "&" * 300_000,
    ],
)
def test_hostile_markup_ends(markup):
    assert len(html.text_of(markup)) <= len(markup) * 3


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one<p>two", "one\n\ntwo"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>  a\n   b</pre>", "a\n   b"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n>> b\n\nc"),
        ("<script>x</script><style>y</style>&lt;z&gt;", "<z>"),
        ("<a href='https://a.example/'>https://a.example</a>", "https://a.example"),
        ("<a href='javascript:x()'>click</a>", "click"),
        ("", ""),
    ],
)
def test_html_becomes_text(markup, text):
    assert html.text_of(markup) == text
