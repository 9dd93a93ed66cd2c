"""The mailbox is read over IMAP from a real server: each message once, whatever happens on the way."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from crm.background import registry
from crm.models import Activity, WorkPart
from crm.services import rates
from leads.background import MAILBOX
from leads.mail import mailbox
from leads.mail.mailbox import MailboxFault, open_mailbox
from leads.models import AttemptStatus, ReceivedMail, ReceiverAttempt
from leads.services import mail_reading
from tests.config.processes import ROOT
from tests.e2e.mailboxes import PASSWORD, USER, ImapServer, imap_server
from tests.events.processes import of_test_database
from tests.leases import pass_time
from tests.patience import PATIENCE_SECONDS
from tests.receivers.mail_fixtures import jane, receiver
from tests.receivers.mails import mail_receiver, message, sample

__all__ = ["jane", "receiver"]

pytestmark = [pytest.mark.mailbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(settings, monkeypatch) -> Iterator[ImapServer]:
    monkeypatch.setattr(registry, "_parts", {MAILBOX.name: MAILBOX})
    cache.clear()
    with imap_server() as running:
        settings.MAILBOX = running.place
        yield running


def read():
    """Run the part at once; return what it tells of itself."""
    WorkPart.objects.all().delete()
    call_command("work", only="mailbox", once=True)
    return WorkPart.objects.get(name="mailbox").result


def messages(receiver, number):
    return [message(receiver, message_id=f"<{each}@example.org>", text=str(each)) for each in range(number)]


def test_messages_are_logged_and_marked_and_nothing_is_deleted(server, receiver, jane):
    server.append(
        *messages(receiver, 2), sample("outlook_reply", receiver), b"To: somebody@example.org\r\n\r\nhi"
    )
    with server.box() as box:
        box.client.uid("STORE", box.uids()[0], "+FLAGS", "(\\Seen)")
        # Marked as deleted by somebody, but not gone: neither read nor expunged.
        box.append(message(receiver, message_id="<deleted@x>"), "INBOX", flag_set=["\\Deleted"])

    assert read() == {"messages": 3, "unaddressed": 1, "later": 0}
    assert Activity.objects.count() == 3
    assert server.flags() == [
        {"\\Seen", "CrmStored"},
        {"CrmStored"},
        {"CrmStored"},
        {"CrmUnaddressed"},
        {"\\Deleted"},
    ]
    assert read() == {"messages": 0, "unaddressed": 0, "later": 0}
    assert Activity.objects.count() == 3


def test_messages_move_to_a_folder(server, receiver, jane, settings):
    settings.MAILBOX_MOVE_TO = "Done"
    server.append(*messages(receiver, 2), b"To: somebody@example.org\r\n\r\nhi")

    assert read() == {"messages": 2, "unaddressed": 1, "later": 0}

    assert server.flags() == []
    assert sorted(map(sorted, server.flags("Done"))) == [[], [], ["\\Flagged"]]


def test_a_folder_that_was_made_anew_is_read_again_without_effect(server, receiver, jane, settings):
    settings.MAILBOX = {**server.place, "folder": "Sales"}
    raw = messages(receiver, 3)
    with server.box() as box:
        box.folder.create("Sales")
    server.append(*raw[:2], folder="Sales")
    assert read()["messages"] == 2
    before = server.uid_validity("Sales")
    # All numbers and keywords are gone: the folder has another UIDVALIDITY.
    with server.box() as box:
        box.folder.delete("Sales")
        box.folder.create("Sales")
    server.append(*raw, folder="Sales")

    assert read()["messages"] == 3
    assert server.uid_validity("Sales") != before
    assert Activity.objects.count() == ReceiverAttempt.objects.count() == 3


MOMENTS = {
    "while the attempt is stored": "after(received_mails, '_register')",
    "before it is logged": "instead(received_mails, '_process')",
    "while it is logged": "after(received_mails, 'process')",
    "before it is marked": "instead(Mailbox, 'put_away')",
    "after it is marked": "after(Mailbox, 'put_away')",
}
KILLED = """
import os, signal
import django
django.setup()
from django.core.management import call_command
from leads.mail.mailbox import Mailbox
from leads.services import received_mails

def instead(owner, name):
    setattr(owner, name, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))

def after(owner, name):
    original = getattr(owner, name)
    def act(*a, **k):
        original(*a, **k)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, act)

{moment}
call_command("work", only="mailbox", once=True)
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_reader_loses_and_doubles_nothing(server, receiver, jane, moment):
    server.append(*messages(receiver, 3))
    url = f"imap://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/INBOX"
    env = of_test_database(MAILBOX_URL=url, MAIL_ADDRESS="crm@in.example.com")

    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(moment=MOMENTS[moment])],
        cwd=ROOT,
        env=env,
        timeout=PATIENCE_SECONDS,
        capture_output=True,
        text=True,
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pass_time(WorkPart)
    read()
    assert server.flags() == [{"CrmStored"}] * 3
    texts = list(Activity.objects.order_by("pk").values_list("text", flat=True))
    assert sorted(texts) == ["0", "1", "2"]
    assert ReceiverAttempt.objects.filter(status=AttemptStatus.PROCESSED).count() == 3


def test_a_message_that_is_too_large_is_fetched_in_part(server, receiver, monkeypatch):
    monkeypatch.setattr(mailbox, "LARGEST_MAIL", 10_000)
    monkeypatch.setattr("leads.services.received_mails.LARGEST_MAIL", 10_000)
    monkeypatch.setattr(mailbox, "KEPT_OF_LARGER", 1_000)
    server.append(message(receiver, text="x" * 20_000))

    assert read()["messages"] == 1

    kept = ReceivedMail.objects.get()
    assert (len(kept.raw), kept.size > 20_000, kept.is_cut) == (1_000, True, True)
    assert kept.attempt.status == AttemptStatus.FAILED


def test_a_receiver_over_its_limit_leaves_messages_for_later(server, receiver, jane, monkeypatch):
    # No minute ends while the test runs.
    monkeypatch.setattr(rates, "WINDOW", 10**9)
    type(receiver).objects.filter(pk=receiver.pk).update(rate_limit=2)
    server.append(*messages(receiver, 3))

    assert read() == {"messages": 2, "unaddressed": 0, "later": 1}
    assert server.flags() == [{"CrmStored"}, {"CrmStored"}, set()]
    cache.clear()
    assert read() == {"messages": 1, "unaddressed": 0, "later": 0}
    assert Activity.objects.count() == 3


def test_a_fault_of_ours_keeps_the_message_and_stops_no_other(server, receiver, jane, monkeypatch):
    def fail(*_args, **_options):
        raise TypeError("a fault of ours")

    server.append(messages(receiver, 1)[0])
    with monkeypatch.context() as patch:
        patch.setattr("leads.services.received_mails.process", fail)
        assert read()["messages"] == 1
    server.append(messages(receiver, 2)[1])
    read()

    failed, fine = ReceiverAttempt.objects.order_by("pk")
    assert (failed.status, failed.refusal, fine.status) == (
        AttemptStatus.FAILED,
        "message: It could not be logged (TypeError). Replay it later.",
        AttemptStatus.PROCESSED,
    )
    assert ReceivedMail.objects.filter(attempt=failed).exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": "wrong"}, "The mailbox refuses the user or password of MAILBOX_URL."),
        ({"folder": "Nowhere"}, "The mailbox cannot be read: MailboxFolderSelectError."),
        ({"port": 9}, "The mailbox cannot be read: ConnectionRefusedError."),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_told_to_operators(server, settings, change, told):
    settings.MAILBOX = {**server.place, **change}

    with pytest.raises(CommandError):
        read()

    row = WorkPart.objects.get(name="mailbox")
    assert (row.outcome, row.error) == ("FAILED", told)
    assert PASSWORD not in row.error


def test_a_connection_that_breaks_is_told_and_the_next_run_goes_on(server, receiver, jane, monkeypatch):
    server.append(*messages(receiver, 2))
    put_away = mailbox.Mailbox.put_away

    def break_off(self, number, keyword):
        self._box.client.shutdown()
        put_away(self, number, keyword)

    with monkeypatch.context() as patch:
        patch.setattr(mailbox.Mailbox, "put_away", break_off)
        with pytest.raises(CommandError):
            read()
    assert Activity.objects.count() == 1
    assert read()["messages"] == 2
    assert Activity.objects.count() == 2


def test_a_run_takes_a_bounded_number(server, receiver, jane, monkeypatch):
    monkeypatch.setattr(mail_reading, "MOST_AT_ONCE", 2)
    server.append(*messages(receiver, 3))

    assert [read()["messages"] for _ in range(3)] == [2, 1, 0]


def test_a_server_without_keywords_needs_a_folder(server, monkeypatch):
    monkeypatch.setattr(mailbox, "ANY_KEYWORD", b"none such")

    with pytest.raises(MailboxFault, match="set MAILBOX_MOVE_TO"), open_mailbox(server.place, move_to=""):
        raise AssertionError


def test_two_companies_read_from_one_mailbox(server, receiver, jane, other_tenant):
    server.append(*messages(receiver, 1), *messages(mail_receiver(other_tenant.company), 1))

    read()

    assert Activity.objects.get().company_id == receiver.company_id
    other = ReceiverAttempt.objects.get(company=other_tenant.company)
    assert other.status == AttemptStatus.UNMATCHED
