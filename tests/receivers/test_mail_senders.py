"""Who is believed to have written an e-mail, what programs send, and the files in it."""

import pytest

from crm.models import Activity, ActivityParticipant, Filesystem
from crm.models.files import FileUsage
from leads.models import AttemptStatus
from leads.services.replaying import replay_attempt
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.mail_fixtures import agent, jane, receiver
from tests.receivers.mails import deliver, message

__all__ = ["agent", "jane", "made_tenant", "receiver", "tenant"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["bounce", "out_of_office", "newsletter"])
def test_what_a_program_sent_is_kept_and_logged_only_if_somebody_asks(receiver, jane, actors, name):
    attempt = deliver(receiver, name)

    assert attempt.status == AttemptStatus.IGNORED
    assert "A program sent it (" in attempt.refusal
    assert not Activity.objects.exists()
    PersonFactory(company=jane.company, email="mailer-daemon@example.org")
    assert replay_attempt(attempt.pk, actor=actors.manager).status == AttemptStatus.PROCESSED
    assert Activity.objects.exists()


def test_a_loop_ends(receiver, jane):
    own = f"crm+{receiver.uuid.hex}@in.example.com"

    attempt = deliver(receiver, message(receiver, sender=own))

    assert (attempt.status, attempt.refusal) == (
        AttemptStatus.IGNORED,
        "message: It comes from the address of a receiver: a loop.",
    )


PASS = "Authentication-Results: mx.example.com; spf=pass; dmarc=pass (p=reject) header.from=example.com\n"


@pytest.mark.parametrize(
    ("headers", "is_author"),
    [
        ("", False),
        (PASS, True),
        (PASS.replace("dmarc=pass", "dmarc=fail"), False),
        (PASS.replace("header.from=example.com", "header.from=example.org"), False),
        # A server that nobody trusts, and a forged header below that of the trusted one.
        (PASS.replace("mx.example.com", "mx.attacker.example"), False),
        ("Authentication-Results: mx.example.com; dmarc=fail header.from=example.com\n" + PASS, False),
        # Who says so in a comment.
        ("Authentication-Results: mx.example.com; none (; dmarc=pass header.from=example.com)\n", False),
    ],
)
def test_only_a_proven_sender_is_the_author(receiver, jane, agent, headers, is_author):
    to_jane = headers + "Cc: jane.doe@example.org\n"

    attempt = deliver(receiver, message(receiver, sender="Ann <agent@example.com>", headers=to_jane))

    assert attempt.status == AttemptStatus.PROCESSED
    activity = Activity.objects.get()
    assert (activity.direction, activity.user) == ("OUT", agent if is_author else None)
    assert ActivityParticipant.objects.filter(activity=activity).exists() is is_author


def test_two_senders_are_no_author(receiver, jane, agent):
    sender = "agent@example.com, jane.doe@example.org"

    deliver(receiver, message(receiver, sender=sender, headers=PASS))

    assert Activity.objects.get().user is None


def test_members_of_other_companies_and_former_ones_are_no_members(
    receiver, jane, agent, tenant, other_tenant
):
    tenant.company.memberships.filter(user=agent).update(is_active=False)
    to_jane = PASS + "Cc: jane.doe@example.org\n"

    deliver(receiver, message(receiver, sender="agent@example.com", headers=to_jane))

    assert (Activity.objects.get().direction, Activity.objects.get().user) == ("IN", None)


def test_attachments_are_checked_and_stored_once(tenant, receiver, jane):
    lead = LeadFactory(company=tenant.company, person=jane)

    deliver(receiver, "outlook_reply")

    [file] = Filesystem.objects.all()
    assert (file.name, file.type, file.user) == ("Bestellung Müller.pdf", "application/pdf", None)
    assert file.attributes == {
        "message_id": "<AM9PR05MB7668outlook1@AM9PR05MB7668.eurprd05.prod.outlook.com>"
    }
    assert [link.file for record in (jane, lead) for link in record.file_links.all()] == [file, file]


def test_a_refused_attachment_costs_no_message(tenant, receiver, jane, settings):
    deliver(receiver, "forwarded_attached")
    settings.FILES_PER_COMPANY = 1
    FileUsage.objects.create(company=tenant.company, files=1)
    deliver(receiver, "no_text")

    first, second = Activity.objects.order_by("pk")
    assert first.text.startswith(
        "Please read.\n\nNot stored: original.eml (This type of file is not accepted"
    )
    assert second.text.startswith("(The message has no text.)")
    assert not jane.file_links.exists()
