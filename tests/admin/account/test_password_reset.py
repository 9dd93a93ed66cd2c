"""A forgotten password: the link in a mail of a real mail server, once, for known addresses alone."""

import email
import re
from collections.abc import Iterator
from queue import Queue
from smtplib import SMTPRecipientsRefused
from threading import Barrier
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from crm.models import User
from crm.services import password_reset
from tests.admin.account.conftest import PASSWORD, sign_in
from tests.e2e.servers import free_port
from tests.factories.crm import tenant as make_tenant
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "Anna@example.com"
CHOSEN = "one that is long enough"


class Inbox:
    """Takes the mails of a mail server."""

    def __init__(self) -> None:
        self.mails: Queue[tuple[list[str], email.message.Message]] = Queue()

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.put((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 OK"


@pytest.fixture
def inbox(settings) -> Iterator[Inbox]:
    taken = Inbox()
    server = Controller(taken, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = server.port
    yield taken
    server.stop()


@pytest.fixture
def anna(db) -> User:
    user = make_tenant().users["agent"]
    user.is_staff, user.email = True, ADDRESS
    user.set_password(PASSWORD)
    user.save()
    return user


def ask(address: str) -> tuple[int, str, str]:
    answer = Client().post(reverse("password_reset"), {"email": address})
    return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()


def link_in(mail: tuple[list[str], email.message.Message]) -> str:
    found = re.search(r"http://testserver(/\S+)", str(mail[1].get_payload()))
    assert found is not None
    return found[1]


def wait_until_sent() -> None:
    """Wait until all that was asked for is sent: until each thread has come for other work."""
    senders = password_reset._senders
    all_free = Barrier(senders._max_workers)
    for waiting in [senders.submit(all_free.wait) for _thread in range(all_free.parties)]:
        waiting.result(PATIENCE_SECONDS)


def test_the_link_sets_a_password_once_and_ends_all_sessions(anna: User, inbox: Inbox):
    browser, _answer = sign_in(anna)

    assert ask("nobody@example.com") == ask("ANNA@example.com")

    recipients, mail = inbox.mails.get(timeout=PATIENCE_SECONDS)
    assert recipients == [ADDRESS]
    assert mail["From"] == "crm@example.com"
    link = link_in((recipients, mail))
    other = Client()
    form = other.get(link, follow=True)
    assert "at least 12 characters" in form.content.decode()
    page = form.redirect_chain[-1][0]
    # The token is no longer in the address, which goes to servers and histories.
    assert "set-password" in page
    assert link.rsplit("/", 2)[1] not in page
    short = other.post(page, {"new_password1": "eleven char", "new_password2": "eleven char"})
    assert "too short" in short.content.decode()
    done = other.post(page, {"new_password1": CHOSEN, "new_password2": CHOSEN})
    assert done.headers["Location"] == reverse("password_reset_complete")
    anna.refresh_from_db()
    assert anna.check_password(CHOSEN)
    # Nobody is signed in by it, and nobody stays signed in.
    for client in (browser, other):
        assert client.get(reverse("admin:index")).status_code == 302
    again = Client().get(link, follow=True)
    assert "The password reset link was invalid" in again.content.decode()
    assert inbox.mails.empty()


def test_the_link_is_short_lived(anna: User, inbox: Inbox):
    ask(ADDRESS)
    link = link_in(inbox.mails.get(timeout=PATIENCE_SECONDS))

    with time_machine.travel(anna.date_joined.timestamp() + 3_700):
        late = Client().get(link, follow=True)

    assert "The password reset link was invalid" in late.content.decode()


def test_who_has_no_password_or_no_account_gets_no_mail(anna: User, inbox: Inbox):
    users = [User(username=name, email=f"{name}@example.com") for name in ("invited", "gone", "last")]
    users[0].set_unusable_password()
    users[1].is_active = False
    for user in users:
        user.set_password(PASSWORD) if user.username != "invited" else None
        user.save()

    for address in ("invited@example.com", "gone@example.com", "x@x", "last@example.com"):
        ask(address)

    wait_until_sent()
    assert [inbox.mails.get_nowait()[0] for _mail in range(inbox.mails.qsize())] == [["last@example.com"]]


def test_mails_are_bounded(anna: User, inbox: Inbox):
    answers = [ask(spelling) for spelling in (ADDRESS, "anna@EXAMPLE.com", *[ADDRESS] * 20)]

    wait_until_sent()
    assert inbox.mails.qsize() == 3
    assert len(set(answers)) == 1
    # Nor does one client ask for those of all others.
    ask("last@example.com")
    User.objects.create(username="late", email="late@example.com", password=anna.password)
    ask("late@example.com")
    wait_until_sent()
    assert inbox.mails.qsize() == 3


def test_a_mail_server_that_is_away_is_logged(anna: User, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    assert ask(ADDRESS)[0] == 302

    wait_until_sent()
    assert "A link for a new password could not be sent: ConnectionRefusedError" in caplog.text


def test_a_refused_address_is_not_in_the_log(anna: User, monkeypatch, caplog):
    def refuse(*_given: Any, **_named: Any) -> None:
        raise SMTPRecipientsRefused({ADDRESS: (550, b"no such user")})

    monkeypatch.setattr(password_reset, "send_mail", refuse)

    assert ask(ADDRESS)[0] == 302

    wait_until_sent()
    assert "could not be sent: SMTPRecipientsRefused" in caplog.text
    assert ADDRESS not in caplog.text


def test_without_mail_there_is_no_link(anna: User, settings):
    assert reverse("password_reset") in Client().get(reverse("admin:login")).content.decode()

    settings.EMAIL_ENABLED = False

    assert "Forgotten" not in Client().get(reverse("admin:login")).content.decode()
    assert ask(ADDRESS)[0] == 404
    assert not Session.objects.exists()
