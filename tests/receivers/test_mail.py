"""E-mails to receivers: logged once at the people they match and at their leads, or kept and replayed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Activity, ActivityParticipant
from leads.models import AttemptStatus, Lead, LoggedMail, ReceivedMail, ReceiverAttempt
from leads.services.mail_logging import QUOTE_MARK
from leads.services.received_mails import receivers_of
from leads.services.receiver_attempts import prune_attempts
from leads.services.replaying import replay_attempt
from people.models import ActivityPerson, Person
from tests.clients import data
from tests.commands.running import run
from tests.factories.leads import LeadFactory, LeadReceiverFactory, LeadStatusFactory
from tests.factories.people import ContactFactory, PersonFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver as post
from tests.receivers.mail_fixtures import agent, jane, receiver
from tests.receivers.mails import deliver, mail_receiver, message, sample
from tests.stored import read_all

__all__ = ["agent", "jane", "made_tenant", "receiver", "tenant"]

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def logged_at():
    """Return the records that e-mails were logged at, by their activities in order."""
    rows = Activity.objects.filter(kind="EMAIL").order_by("pk").prefetch_related("entity")
    return [row.entity for row in rows]


def test_a_reply_is_logged_at_the_person_and_the_open_lead(tenant, receiver, jane, agent):
    lead = LeadFactory(company=tenant.company, person=jane, title="Roof", last_activity_at=LONG_AGO)
    won = LeadStatusFactory(company=tenant.company, category="WON")
    LeadFactory(company=tenant.company, person=jane, title="Done", status=won)

    attempt = deliver(receiver, "gmail_reply")

    assert (attempt.status, attempt.errors, attempt.lead) == (AttemptStatus.PROCESSED, None, None)
    assert logged_at() == [jane, lead]
    first, second = Activity.objects.order_by("pk")
    assert (first.subject, first.direction, first.starts_at, first.user) == (
        "Re: Offer 2026-17",
        "IN",
        datetime(2026, 11, 17, 8, 13, 51, tzinfo=UTC),
        None,
    )
    text, _, quoted = first.text.partition(f"\n\n{QUOTE_MARK}\n")
    assert text == "Thanks, that looks good \u2013 can we talk on Thursday?\n\nJane"
    assert quoted.endswith("> here is our offer.")
    assert (second.text, second.starts_at) == (first.text, first.starts_at)
    assert {row.person for row in ActivityPerson.objects.filter(activity=first)} == {jane}
    assert {row.user for row in ActivityParticipant.objects.filter(activity=first)} == {agent}
    lead.refresh_from_db()
    assert lead.last_activity_at > LONG_AGO


def test_a_contact_matches_in_any_spelling_and_a_shared_address_nobody(tenant, receiver):
    person = PersonFactory(company=tenant.company, firstname="Jane", email="jane@work.example")
    ContactFactory(company=tenant.company, person=person, type__kind="EMAIL", value="Jane.DOE@Example.ORG")

    assert deliver(receiver, message(receiver)).status == AttemptStatus.PROCESSED
    assert logged_at() == [person]

    PersonFactory(company=tenant.company, firstname="John", email="jane.doe@example.org")
    second = deliver(receiver, message(receiver, message_id="<two@example.org>"))
    assert second.status == AttemptStatus.UNMATCHED
    assert logged_at() == [person]


def test_what_matches_nobody_waits_and_is_replayed(tenant, receiver, actors):
    before = {table: rows for table, rows in read_all().items() if table.startswith(("people", "leads_lead"))}

    attempt = deliver(receiver, message(receiver))

    assert attempt.status == AttemptStatus.UNMATCHED
    assert attempt.refusal == (
        "message: Nobody has an address of the message (jane.doe@example.org). Replay it once a person has."
    )
    after = {table: rows for table, rows in read_all().items() if table.startswith(("people", "leads_lead"))}
    assert after == before
    jane = PersonFactory(company=tenant.company, email="jane.doe@example.org")
    replayed = replay_attempt(attempt.pk, actor=actors.manager)
    assert (replayed.status, replayed.errors) == (AttemptStatus.PROCESSED, None)
    assert logged_at() == [jane]
    answer = data("{ receiverAttempts { data { kind status payload raw_body } } }", actor=actors.manager)
    [shown] = answer["receiverAttempts"]["data"]
    assert (shown["kind"], shown["status"], shown["raw_body"]) == ("MAIL", "PROCESSED", None)
    assert shown["payload"]["from"] == "Jane Doe <jane.doe@example.org>"


def test_the_command_replays_waiting_mails(tenant, receiver):
    deliver(receiver, message(receiver))
    PersonFactory(company=tenant.company, email="jane.doe@example.org")

    assert run("replay_attempts", "--company", str(tenant.company.pk)).code == 0
    assert Activity.objects.count() == 1


def test_a_message_is_logged_once(tenant, receiver, jane):
    raw = message(receiver)

    attempts = [deliver(receiver, raw) for _ in range(3)]

    assert {attempt.pk for attempt in attempts} == {attempts[0].pk}
    assert attempts[-1].count == 3
    assert Activity.objects.count() == ReceivedMail.objects.count() == 1


def test_a_message_to_two_receivers_is_logged_once(tenant, receiver, jane):
    other = mail_receiver(tenant.company)

    first, second = (deliver(each, message(receiver)) for each in (receiver, other))

    assert [first.status, second.status] == [AttemptStatus.PROCESSED, AttemptStatus.IGNORED]
    assert second.refusal == "message: This message was logged before."
    assert Activity.objects.count() == 1


def test_each_company_logs_a_message_for_itself(tenant, other_tenant, receiver, jane):
    PersonFactory(company=other_tenant.company, email="jane.doe@example.org")

    for each in (receiver, mail_receiver(other_tenant.company)):
        assert deliver(each, message(receiver)).status == AttemptStatus.PROCESSED

    companies = Activity.objects.order_by("pk").values_list("company", flat=True)
    assert list(companies) == [tenant.company.pk, other_tenant.company.pk]


def test_a_message_without_id_is_known_by_what_it_says(receiver, jane):
    for headers in ("", "Received: by another way\n"):
        deliver(receiver, message(receiver, message_id=None, headers=headers))
    other = deliver(receiver, message(receiver, message_id=None, text="Something else"))

    assert other.status == AttemptStatus.PROCESSED
    assert Activity.objects.count() == 2


def test_another_text_under_a_known_id_is_kept_and_told(receiver, jane):
    deliver(receiver, message(receiver))

    other, again = (deliver(receiver, message(receiver, text="Pay at once")) for _ in range(2))

    assert (other.status, other.pk) == (AttemptStatus.FAILED, again.pk)
    assert other.refusal == (
        "message: Another message with this Message-ID came before, and says something else."
    )
    assert ReceivedMail.objects.count() == 2
    assert Activity.objects.count() == 1


def test_a_message_is_not_logged_again_after_its_attempt_is_pruned(receiver, jane):
    deliver(receiver, message(receiver))
    assert prune_attempts(before=timezone.now() + timedelta(days=1)) == 1
    assert not ReceivedMail.objects.exists()

    attempt = deliver(receiver, message(receiver))

    assert attempt.status == AttemptStatus.IGNORED
    assert Activity.objects.count() == LoggedMail.objects.count() == 1


@pytest.mark.parametrize(
    "starts_at", ["Fri, 27 Nov 2099 12:00:00 +0000", "Fri, 27 Nov 1899 12:00:00 +0000", ""]
)
def test_a_date_that_cannot_be_true_is_that_of_the_arrival(receiver, jane, starts_at):
    raw = message(receiver).replace(b"Date: Fri, 27 Nov 2026 12:00:00 +0000", f"Date: {starts_at}".encode())

    attempt = deliver(receiver, raw)

    assert Activity.objects.get().starts_at == attempt.created_at


def test_a_mail_may_create_a_lead(tenant, receiver):
    receiver.creates_leads = True
    receiver.save()

    attempt = deliver(receiver, message(receiver, text="I want ten of them"))

    assert attempt.status == AttemptStatus.PROCESSED
    lead = Lead.objects.get()
    assert (attempt.lead, lead.title, lead.description, lead.owner) == (
        lead,
        "Question",
        "I want ten of them",
        tenant.users["agent"],
    )
    person = lead.person
    assert person is not None
    assert (person.firstname, person.lastname, person.email) == ("Jane", "Doe", "jane.doe@example.org")
    assert logged_at() == [person, lead]
    # The answer belongs to that lead.
    deliver(receiver, message(receiver, message_id="<two@example.org>"))
    assert Lead.objects.count() == 1
    assert logged_at() == [person, lead, person, lead]


@pytest.mark.parametrize("sender", ["agent@example.com", "a@example.org, b@example.org"])
def test_no_lead_of_a_member_or_of_several_senders(receiver, agent, sender):
    receiver.creates_leads = True
    receiver.save()

    attempt = deliver(receiver, message(receiver, sender=sender))

    assert attempt.status == AttemptStatus.UNMATCHED
    assert not Lead.objects.exists()
    assert not Person.objects.exists()


def test_leads_that_a_company_hides_from_its_agents_are_logged_too(tenant, receiver, jane):
    tenant.company.lead_visibility = "OWN"
    tenant.company.save()
    lead = LeadFactory(company=tenant.company, person=jane, owner=tenant.users["colleague"])

    deliver(receiver, message(receiver))

    assert logged_at() == [jane, lead]


def test_statements_do_not_grow_with_addresses(receiver, jane):
    counts = []
    for number in (0, 30):
        others = ", ".join(f"x{each}@example.net" for each in range(number))
        raw = message(receiver, message_id=f"<{number}@x>", headers=f"Cc: {others}\n" if others else "")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            deliver(receiver, raw)
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_a_mail_receiver_takes_no_request_and_a_web_receiver_no_mail(tenant, receiver, jane):
    web = LeadReceiverFactory(company=tenant.company)
    resting = mail_receiver(tenant.company, is_active=False)

    assert post(receiver, {"firstname": "Jane"}).status_code == 404
    assert [receivers_of(message(each)) for each in (receiver, web, resting)] == [[receiver], [], []]


def test_the_address_is_found_wherever_servers_put_it(receiver):
    own = f"CRM+{receiver.uuid.hex.upper()}@In.Example.com"

    for head in (f"Delivered-To: {own}", f"X-Original-To: <{own}>", f"Cc: a@example.org, Inbox <{own}>"):
        assert receivers_of(f"To: b@example.org\r\n{head}\r\n\r\nTo: nobody".encode()) == [receiver]
    assert receivers_of(b"To: b@example.org\r\n\r\n", envelope=[own]) == [receiver]
    assert receivers_of(f"Subject: x\r\n\r\nTo: {own}".encode()) == []
    assert receivers_of(f"To: crm+{receiver.uuid.hex}@elsewhere.example\r\n\r\n".encode()) == []


def test_the_api_shows_the_address_of_mail_receivers(tenant, receiver, actors):
    created = data(
        """mutation { createLeadReceiver(input: {name: "Mails", kind: MAIL, creates_leads: true}) {
          uuid kind mail_address creates_leads } }""",
        actor=actors.manager,
    )["createLeadReceiver"]

    key = created["uuid"].replace("-", "")
    assert (created["kind"], created["creates_leads"]) == ("MAIL", True)
    assert created["mail_address"] == f"crm+{key}@in.example.com"


def test_no_row_of_a_receivers_company_is_read_by_another(receiver, jane, other_actors):
    deliver(receiver, sample("gmail_reply", receiver))

    assert ReceiverAttempt.objects.visible_to(other_actors.admin).count() == 0
    assert ReceivedMail.objects.visible_to(other_actors.admin).count() == 0
    assert LoggedMail.objects.visible_to(other_actors.admin).count() == 0
