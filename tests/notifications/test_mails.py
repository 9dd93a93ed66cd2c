"""The mails of notifications: at once, once a day, each once, and what comes of a failure."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from crm.models import Membership, Notification, NotificationMail, User
from crm.notifications import mail_texts, mails
from crm.notifications.mails import DELAYS, make_digests, send_next
from crm.notifications.making import MOST_MAILS_AN_HOUR
from crm.notifications.worker import send_due
from crm.services.notifications import mark_all_read, set_preference
from leads.services.leads import create_lead, delete_lead
from tests.leases import pass_time
from tests.module_tenant import made_tenant, tenant
from tests.sign_in.mailbox import mail_server

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings):
    with mail_server(settings) as mailbox:
        yield mailbox


@pytest.fixture
def address(tenant) -> str:
    address: str = tenant.users["agent"].email
    return address


def give(tenant: Any, title: str = "Big deal") -> Any:
    owner = tenant.users["agent"].pk
    return create_lead({"title": title, "leads_owner_id": owner}, actor=tenant.actors.manager)


def send() -> int:
    return send_due(threading.Event())


def try_again() -> None:
    """Let the time until the next attempt pass."""
    waiting = NotificationMail.objects.exclude(next_attempt_at=None)
    waiting.update(next_attempt_at=F("next_attempt_at") - timedelta(days=1))


def test_a_notification_is_mailed_at_once_and_once(tenant, told, mailbox, address, settings):
    settings.PUBLIC_URL = "https://crm.example.com"
    lead = give(tenant, "Big\ndeal")
    [notification] = told(tenant.users["agent"])

    assert (send(), send()) == (1, 0)

    [mail] = mailbox.mails
    manager = tenant.users["manager"]
    assert mail["To"] == address
    assert mail["Subject"] == f"{manager} gave you the lead Big deal"
    assert mail["Auto-Submitted"] == "auto-generated"
    page = f"https://crm.example.com/admin/leads/lead/{lead.pk}/change/"
    settings_page = "https://crm.example.com/admin/account/notifications/"
    assert mail.get_content().replace("\r\n", "\n") == (
        f"{notification.text}\n{page}\n\n"
        f"This concerns your work in Tenant. Choose what you are told, and how:\n{settings_page}\n"
    )
    assert mail["List-Unsubscribe"] == f"<{settings_page}>"
    stored: Any = NotificationMail.objects.get()
    assert (stored.attempts, stored.fault, stored.next_attempt_at, stored.leased_by) == (1, "", None, "")
    assert stored.sent_at is not None
    assert mail["Message-ID"] == f"<{stored.uuid}@example.com>"


def test_a_mail_that_cannot_be_sent_is_tried_again_and_given_up_in_the_end(tenant, told, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    give(tenant)
    told(tenant.users["agent"])

    for attempt, delay in enumerate(DELAYS, 1):
        assert send_next() is False
        stored: Any = NotificationMail.objects.get()
        assert (stored.attempts, stored.sent_at) == (attempt, None)
        left = stored.next_attempt_at - timezone.now()
        assert delay - timedelta(minutes=1) < left <= delay
        assert send_next() is None
        try_again()

    assert send_next() is False
    stored = NotificationMail.objects.get()
    assert stored.next_attempt_at is None
    assert stored.fault == "The mail could not be sent (ConnectionRefusedError)."


def test_a_refused_address_is_not_tried_again(tenant, told, mailbox, address):
    mailbox.refused.add(address)
    give(tenant)
    told(tenant.users["agent"])

    assert send_next() is False

    stored: Any = NotificationMail.objects.get()
    assert (stored.next_attempt_at, stored.sent_at) == (None, None)
    assert stored.fault == "The mail server refused the address (code 550)."


def test_a_process_that_dies_while_it_sends_leaves_the_mail_to_the_next(tenant, told, mailbox, monkeypatch):
    """The server has taken the mail, and nobody has noted it: the second one has the same id."""
    give(tenant)
    told(tenant.users["agent"])
    send_mail = mail_texts.send

    def send_and_die(*given: Any) -> None:
        send_mail(*given)
        raise SystemExit

    monkeypatch.setattr(mails, "send", send_and_die)
    with pytest.raises(SystemExit):
        send_next()
    monkeypatch.undo()

    assert send_next() is None
    pass_time(NotificationMail)
    assert (send(), send()) == (1, 0)
    assert [mail["Message-ID"] for mail in mailbox.mails] == [mailbox.mails[0]["Message-ID"]] * 2


@pytest.mark.parametrize("change", ["read", "deleted", "left", "without address"])
def test_what_is_no_longer_to_be_told_is_not_mailed(tenant, actors, told, mailbox, change):
    lead = give(tenant)
    user = tenant.users["agent"]
    told(user)
    if change == "read":
        mark_all_read(actor=actors.agent)
    elif change == "deleted":
        delete_lead(lead.pk, actor=actors.manager)
    elif change == "left":
        Membership.objects.filter(user=user).update(is_active=False)
    else:
        User.objects.filter(pk=user.pk).update(email="")

    assert send_next() is False

    assert mailbox.mails == []
    stored: Any = NotificationMail.objects.get()
    assert (stored.next_attempt_at, bool(stored.fault)) == (None, True)


def test_nothing_is_stored_for_later_where_mail_is_not_set_up(tenant, told, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    give(tenant)
    told(tenant.users["agent"])

    assert make_digests() == 0
    assert not NotificationMail.objects.exists()


def test_many_at_once_are_mailed_together(tenant, told, mailbox):
    for _ in range(MOST_MAILS_AN_HOUR + 3):
        give(tenant)
    found = told(tenant.users["agent"])

    assert send() == MOST_MAILS_AN_HOUR
    deliveries = [each.delivery for each in found]
    assert deliveries == ["MAIL"] * MOST_MAILS_AN_HOUR + ["DIGEST"] * 3


@pytest.fixture
def daily(tenant: Any, actors: Any, told: Any) -> Any:
    """Return a function that gives a lead to a member who wants one mail a day."""
    set_preference("LEAD_ASSIGNED", "DIGEST", actor=actors.agent)

    def give_one(title: str) -> None:
        give(tenant, title)
        told(tenant.users["agent"])

    return give_one


def live_in(tenant: Any, zone: str | None, *, hour: int = 8, company: str | None = None) -> None:
    User.objects.filter(pk=tenant.users["agent"].pk).update(timezone=zone)
    Membership.objects.filter(user=tenant.users["agent"]).update(digest_hour=hour)
    tenant.company.timezone = company
    tenant.company.save()


def test_one_mail_a_day_from_an_hour_on(tenant, daily, mailbox, settings):
    settings.PUBLIC_URL = "https://crm.example.com"
    live_in(tenant, "Europe/Madrid")
    daily("First")
    daily("Second")

    def digests(year: int, month: int, day: int, hour: int, minute: int) -> int:
        return make_digests(now=datetime(year, month, day, hour, minute, tzinfo=UTC))

    # It is 7:59 in Madrid.
    assert digests(2026, 7, 1, 5, 59) == 0
    assert (digests(2026, 7, 1, 6, 0), digests(2026, 7, 1, 6, 1)) == (1, 0)
    daily("Third")
    assert digests(2026, 7, 1, 21, 59) == 0
    # Midnight alone is not the hour.
    assert digests(2026, 7, 1, 22, 0) == 0
    assert digests(2026, 7, 2, 6, 0) == 1
    assert digests(2026, 7, 3, 6, 0) == 0
    assert send() == 2

    first, second = mailbox.mails
    assert (first["Subject"], second["Subject"]) == ("2 notifications in Tenant", "1 notification in Tenant")
    content = first.get_content()
    assert ("lead First" in content, "lead Second" in content, "lead Third" in content) == (True, True, False)


@pytest.mark.parametrize(
    ("zone", "hour", "moments"),
    [
        # Clocks go from 2:00 to 3:00: the hour that is left out counts from the next one on.
        (
            "Europe/Madrid",
            2,
            {"2026-03-29T00:59Z": 0, "2026-03-29T01:00Z": 1, "2026-03-30T00:00Z": 1},
        ),
        # Clocks go from 3:00 back to 2:00: the hour comes twice, and the mail once.
        (
            "Europe/Madrid",
            2,
            {
                "2026-10-25T00:00Z": 1,
                "2026-10-25T01:00Z": 0,
                "2026-10-26T01:00Z": 1,
            },
        ),
        # A leap day is a day.
        (
            "Asia/Tokyo",
            8,
            {
                "2028-02-27T23:00Z": 1,
                "2028-02-28T23:00Z": 1,
                "2028-02-29T23:00Z": 1,
            },
        ),
        # Where midnight itself is left out.
        (
            "America/Sao_Paulo",
            0,
            {
                "2018-11-04T02:59Z": 1,
                "2018-11-04T03:00Z": 1,
                "2018-11-05T01:59Z": 0,
            },
        ),
        (
            None,
            23,
            {"2026-01-01T22:59Z": 0, "2026-01-01T23:00Z": 1, "2026-01-02T00:00Z": 0},
        ),
    ],
)
def test_days_are_those_of_the_member(tenant, daily, zone, hour, moments):
    live_in(tenant, zone, hour=hour)
    made = {}
    for moment in moments:
        daily("Lead")
        made[moment] = make_digests(now=datetime.fromisoformat(moment))

    assert made == moments


def test_without_a_zone_of_ones_own_that_of_the_company_counts(tenant, daily):
    live_in(tenant, None, company="Asia/Tokyo")
    daily("Lead")

    assert make_digests(now=datetime(2036, 1, 1, 22, 59, tzinfo=UTC)) == 0
    assert make_digests(now=datetime(2036, 1, 1, 23, 0, tzinfo=UTC)) == 1


def test_what_was_read_before_is_left_out_of_the_daily_mail(tenant, actors, daily, mailbox):
    daily("First")
    mark_all_read(actor=actors.agent)
    assert make_digests(now=datetime(2036, 1, 1, 9, tzinfo=UTC)) == 0
    daily("Second")
    assert make_digests(now=datetime(2036, 1, 1, 9, tzinfo=UTC)) == 1
    assert send() == 1
    assert "First" not in mailbox.mails[0].get_content()


def test_a_choice_counts_for_what_waits_too(tenant, actors, daily):
    daily("First")
    set_preference("LEAD_ASSIGNED", "IN_APP", actor=actors.agent)

    assert make_digests(now=datetime(2036, 1, 1, 9, tzinfo=UTC)) == 0
    assert Notification.objects.get().delivery == "IN_APP"


def test_a_mail_is_in_the_language_of_the_member_and_the_notification_in_english(tenant, told, mailbox):
    user = tenant.users["agent"]
    user.language = "de"
    user.save()
    lead = give(tenant)
    [notification] = told(user)

    send()

    [mail] = mailbox.mails
    manager = tenant.users["manager"]
    assert notification.text == f"{manager} gave you the lead {lead.title}"
    assert str(mail["Subject"]) == f"{manager} hat Ihnen den Lead {lead.title} gegeben"
    assert "Wählen Sie, was Ihnen mitgeteilt wird" in mail.get_content()
