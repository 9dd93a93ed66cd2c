"""Notifications in the admin: the number in the header, the list, the marks, and the own settings."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from crm.models import Absence, Company, Membership, Notification, NotificationPreference, User
from crm.models.notifications import NotificationQuerySet
from crm.services.notifications import count_unread
from leads.models import Lead
from tests.admin.conftest import messages_of, posted
from tests.factories.leads import LeadFactory

INDEX = "/admin/"
LIST = "/admin/crm/notification/"
SETTINGS = "/admin/account/notifications/"


@pytest.fixture
def tell(tenant: Any) -> Any:
    """Return a function that makes notifications of a member."""

    def make(number: int = 1, member: str = "agent", **values: Any) -> list[Notification]:
        lead = LeadFactory(company=tenant.company)
        return Notification.objects.bulk_create(
            Notification(
                company=tenant.company,
                user=tenant.users[member],
                kind="LEAD_ASSIGNED",
                content_type=ContentType.objects.get_for_model(Lead),
                object_id=lead.pk,
                text="<b>Look</b>",
                key=f"test:{lead.pk}:{each}",
                delivery="IN_APP",
                **values,
            )
            for each in range(number)
        )

    return make


def header(client: Any) -> str:
    page: str = client.get(INDEX).content.decode().partition('id="user-tools"')[2]
    start = page.index(f'<a href="{LIST}"')
    return page[start : page.index("</a>", start)]


def counted(client: Any) -> tuple[str, ...]:
    shown = re.search(r'aria-label="([^"]+)".*class="count">([^<]+)<', header(client), re.S)
    assert shown is not None
    return shown.groups()


def test_the_header_counts_what_is_unread(signed_in, tell):
    client = signed_in("agent")
    assert 'class="frame-bell" aria-label="Notifications"' in header(client)

    tell(3)
    tell(1, "manager")
    assert counted(client) == ("Notifications, 3 unread", "3")
    tell(150)
    assert counted(client) == ("Notifications, 100 or more unread", "100+")


@pytest.mark.postgres
def test_the_query_of_the_number_is_composed_once(actors, tell, monkeypatch):
    tell(3)
    assert count_unread(actors.agent) == 3
    monkeypatch.delattr(NotificationQuerySet, "unread")

    assert count_unread(actors.agent) == 3
    assert count_unread(actors.colleague) == 0


def test_a_user_without_a_company_has_no_notifications(db):
    user = User.objects.create_superuser("root", password="x")
    client = Client()
    client.force_login(user)

    assert "Times in" not in client.get(INDEX).content.decode()
    assert client.get(SETTINGS).status_code == 403


def test_the_list_shows_own_ones_and_where_they_lead(signed_in, tell):
    [row] = tell()
    tell(1, "manager")
    client = signed_in("agent")

    page = client.get(LIST)

    content = page.content.decode()
    assert list(page.context["cl"].queryset) == [row]
    assert f'<a href="/admin/leads/lead/{row.object_id}/change/">Lead</a>' in content
    assert "&lt;b&gt;Look" in content
    assert "<b>Look" not in content
    assert client.get(f"{LIST}{row.pk}/change/").status_code == 200
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(("state", "found"), [("1", 1), ("0", 2), ("x", 3)])
def test_the_list_is_narrowed_by_state(signed_in, tell, state, found):
    tell(1)
    tell(2, read_at=timezone.now())

    page = signed_in("agent").get(LIST, {"unread": state})

    assert page.context["cl"].result_count == found


def test_selected_ones_are_marked(signed_in, tell):
    first, second = tell(2)
    other = tell(1, "manager")[0]
    client = signed_in("agent")
    chosen = {"action": "mark_selected_read", "_selected_action": [first.pk, other.pk]}

    page = client.post(LIST, chosen, follow=True)

    assert messages_of(page) == ["Marked 1 notification as read."]
    unread = Notification.objects.filter(read_at=None).order_by("pk")
    assert list(unread) == [second, other]


def test_all_are_marked_that_were_on_the_page(signed_in, tell, tenant):
    tell(2)
    client = signed_in("agent")
    page = client.get(LIST).content.decode()
    until = page.partition('name="until" value="')[2].partition('"')[0]
    [late] = tell(1)
    Notification.objects.filter(pk=late.pk).update(created_at=timezone.now() + timedelta(minutes=1))

    answer = client.post(f"{LIST}read/", {"until": until}, follow=True)

    assert messages_of(answer) == ["Marked 2 notifications as read."]
    assert client.get(f"{LIST}read/").status_code == 405


def test_a_member_chooses_on_a_page(signed_in, tenant):
    client = signed_in("viewer")
    form = client.get(SETTINGS).context["form"]
    values = {name: form[name].value() for name in form.fields}

    page = client.post(
        SETTINGS, {**values, "timezone": "Asia/Tokyo", "digest_hour": "17", "TASK_DUE": "MAIL"}, follow=True
    )

    assert messages_of(page) == ["Your settings were saved."]
    user = tenant.users["viewer"]
    assert User.objects.get(pk=user.pk).timezone == "Asia/Tokyo"
    assert Membership.objects.get(user=user).digest_hour == 17
    stored = NotificationPreference.objects.values_list("membership__user", "kind", "delivery")
    assert list(stored) == [(user.pk, "TASK_DUE", "MAIL")]
    assert "My settings" in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value"), [("timezone", "Mars/Olympus"), ("digest_hour", "24"), ("TASK_DUE", "PIGEON")]
)
def test_a_wrong_choice_is_an_error_of_its_field(signed_in, field, value):
    client = signed_in("agent")
    form = client.get(SETTINGS).context["form"]

    page = client.post(SETTINGS, {**{name: form[name].value() for name in form.fields}, field: value})

    assert list(page.context["form"].errors) == [field]
    assert not NotificationPreference.objects.exists()


@pytest.mark.parametrize(
    ("own", "of_company", "typed"),
    [("Asia/Tokyo", "Europe/Madrid", "00:00"), (None, "Europe/Madrid", "17:00"), (None, None, "15:00")],
)
def test_times_are_shown_and_typed_in_the_members_zone(signed_in, tenant, own, of_company, typed):
    User.objects.filter(pk=tenant.users["agent"].pk).update(timezone=own)
    Company.objects.filter(pk=tenant.company.pk).update(timezone=of_company)
    tenant.users["agent"].refresh_from_db()
    client = signed_in("agent")
    day = "2026-07-02" if typed == "00:00" else "2026-07-01"
    add = "/admin/crm/absence/add/"
    moments = {
        "starts_at_0": day,
        "starts_at_1": f"{typed}:00",
        "ends_at_0": "2026-07-30",
        "ends_at_1": "12:00:00",
    }

    client.post(add, posted(client.get(add), user=str(tenant.users["agent"].pk), **moments))

    absence = Absence.objects.get()
    assert absence.starts_at.isoformat() == "2026-07-01T15:00:00+00:00"
    shown = client.get(f"/admin/crm/absence/{absence.pk}/change/").content.decode()
    assert f'name="starts_at_0" value="{day}"' in shown
    assert f'name="starts_at_1" value="{typed}:00"' in shown
    # The zone of one request is not that of the next.
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(
    ("text", "words"),
    [("02:30:00", "be interpreted in time zone Europe/Madrid"), ("03:30:00", None)],
)
def test_a_time_that_clocks_leave_out_is_refused(signed_in, tenant, text, words):
    Company.objects.filter(pk=tenant.company.pk).update(timezone="Europe/Madrid")
    client = signed_in("agent")
    add = "/admin/crm/absence/add/"
    moments = {
        "starts_at_0": "2026-03-29",
        "starts_at_1": text,
        "ends_at_0": "2026-07-30",
        "ends_at_1": "12:00:00",
    }

    page = client.post(add, posted(client.get(add), user=str(tenant.users["agent"].pk), **moments))

    if words is None:
        assert Absence.objects.get().starts_at.isoformat() == "2026-03-29T01:30:00+00:00"
    else:
        assert words in page.context["adminform"].form.errors["starts_at"][0]


def test_a_user_has_a_time_zone_that_exists(tenant, db):
    root = User.objects.create_superuser("root", password="x")
    client = Client()
    client.force_login(root)
    address = f"/admin/crm/user/{tenant.users['agent'].pk}/change/"

    page = client.post(address, posted(client.get(address), timezone="Mars/Olympus"))

    errors = page.context["adminform"].form.errors
    assert errors == {"timezone": ["Enter the name of a time zone, such as Europe/Paris."]}
    assert User.objects.get(pk=tenant.users["agent"].pk).timezone is None
