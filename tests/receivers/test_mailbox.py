"""The mailbox is read over IMAP from a real server: each message once, whatever happens on the way."""

import os
import signal
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command

from config.mail_settings import mailbox as mailbox_of
from crm.background import registry
from crm.models import Activity, WorkPart
from crm.services import rates
from leads.background import MAILBOX
from leads.mail import mailbox
from leads.mail.mailbox import MailboxFault, open_mailbox
from leads.models import AttemptStatus, ReceivedMail, ReceiverAttempt
from leads.services import mail_reading, received_mails
from tests.caches import clear_cache
from tests.e2e.mailboxes import PASSWORD, imap_server
from tests.forked_calls import run_in_fork
from tests.leases import pass_time
from tests.receivers.mail_fixtures import jane, receiver
from tests.receivers.mails import mail_receiver, message, sample

__all__ = ["jane", "receiver"]

pytestmark = [pytest.mark.mailbox, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def imap():
    with imap_server() as running:
        yield running


@pytest.fixture
def server(imap, settings, monkeypatch):
    """Return a mailbox of the test's own."""
    monkeypatch.setattr(registry, "_parts", {MAILBOX.name: MAILBOX})
    clear_cache()
    own = imap.another()
    settings.MAILBOX = own.place
    return own


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


def die(*_args, **_options):
    os.kill(os.getpid(), signal.SIGKILL)


def after(owner, name):
    original = getattr(owner, name)

    def act(*args, **options):
        original(*args, **options)
        die()

    setattr(owner, name, act)


def instead(owner, name):
    setattr(owner, name, die)


MOMENTS = {
    "while the attempt is stored": lambda: after(received_mails, "_register"),
    "before it is logged": lambda: instead(received_mails, "_process"),
    "while it is logged": lambda: after(received_mails, "process"),
    "before it is marked": lambda: instead(mailbox.Mailbox, "put_away"),
    "after it is marked": lambda: after(mailbox.Mailbox, "put_away"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_reader_loses_and_doubles_nothing(server, receiver, jane, settings, moment):
    server.append(*messages(receiver, 3))
    url = f"imap://{server.user}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/INBOX"
    settings.MAILBOX = mailbox_of(url)

    def read_and_die():
        MOMENTS[moment]()
        call_command("work", only="mailbox", once=True)

    assert run_in_fork(read_and_die) == -signal.SIGKILL
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
    clear_cache()
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
