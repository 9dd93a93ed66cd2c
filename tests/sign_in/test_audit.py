"""The audit list: what is written, whose it is, and that nothing secret is in it."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import AuditEntry, AuditEvent, AuditOutcome, Membership
from crm.services import audit
from crm.services.members import deactivate_member
from tests.admin.conftest import form_of, messages_of
from tests.stored import read_all
from tests.tenants.world import MARK

pytestmark = pytest.mark.django_db

RIGHT = "Right-password-17"
LIST = "/admin/crm/auditentry/"
HEADERS: Any = {"REMOTE_ADDR": "192.0.2.1", "HTTP_USER_AGENT": "Browser/1.0"}


@pytest.fixture
def staff(tenant, other_tenant):
    for each in (tenant, other_tenant):
        for user in each.users.values():
            user.is_staff = True
            user.set_password(RIGHT)
            user.save()
    AuditEntry.objects.all().delete()
    return tenant.users


def told() -> list[tuple[str, str, str | None, str]]:
    rows = AuditEntry.objects.select_related("user").order_by("pk")
    return [(row.event, row.outcome, row.user.username if row.user else None, row.detail) for row in rows]


def sign_in(browser: Client, name: str, password: str = RIGHT) -> None:
    browser.post("/admin/login/", {"username": name, "password": password, "next": "/admin/"})


def test_signing_in_and_out_and_failing_is_told(staff):
    browser = Client(**HEADERS)

    sign_in(browser, "agent@tenant", "wrong")
    sign_in(browser, "agent@tenant")
    browser.post("/admin/logout/")
    for _ in range(12):
        sign_in(browser, "manager@tenant", "wrong")

    assert told() == [
        ("SIGN_IN", "FAILED", "agent@tenant", ""),
        ("SIGN_IN", "DONE", "agent@tenant", ""),
        ("SIGN_OUT", "DONE", "agent@tenant", ""),
        *[("SIGN_IN", "FAILED", "manager@tenant", "")] * 10,
        # Once a lock, not once a request.
        ("LOCKOUT", "REFUSED", "manager@tenant", "account"),
    ]
    assert set(AuditEntry.objects.values_list("address", "user_agent")) == {("192.0.2.1", "Browser/1.0")}


def test_no_password_is_stored_whichever_field_it_was_typed_into(staff):
    browser = Client(**HEADERS)
    typed = "hunter2-typed-into-the-name"

    for _ in range(11):
        sign_in(browser, typed, "typed-password")

    stored = str(read_all())
    assert typed not in stored
    assert typed[:4] not in stored
    assert "typed-password" not in stored
    details = {detail for *_, detail in told()}
    # One name, told apart from others, without a way back to it.
    assert len(details) == 1
    assert next(iter(details)).startswith("unknown name #")


def test_passwords_are_told_with_who_set_them(staff, tenant):
    admin, agent = staff["admin"], staff["agent"]
    admin.is_superuser = True
    admin.save()
    browser = Client(**HEADERS)
    browser.force_login(admin)
    new = {"password1": "Another-pass-1", "password2": "Another-pass-1", "usable_password": "true"}

    browser.post(f"/admin/crm/user/{agent.pk}/password/", new)
    own = {"old_password": RIGHT, "new_password1": "Third-pass-11", "new_password2": "Third-pass-11"}
    browser.post("/admin/password_change/", own)

    rows = AuditEntry.objects.filter(event="PASSWORD").order_by("pk").values_list("user", "by", "address")
    assert list(rows) == [(agent.pk, admin.pk, "192.0.2.1"), (admin.pk, None, "192.0.2.1")]
    # Signing in hashes a password anew after the settings of the hasher changed: no new password.
    agent.refresh_from_db()
    assert agent.check_password("Another-pass-1")
    assert AuditEntry.objects.filter(event="PASSWORD").count() == 2


def test_tokens_are_told_from_their_making_to_their_end(staff, tenant):
    browser = Client(**HEADERS)
    browser.force_login(staff["admin"])
    AuditEntry.objects.all().delete()
    agent, page = staff["agent"], "/admin/crm/apitoken/add/"

    form = form_of(browser, page, user=agent.pk, name="Website", scopes=["read"])
    said = messages_of(browser.post(page, form, follow=True))[0]
    raw = re.findall(r"crm_[\w-]+", said)[0]
    call_command("create_token", "agent@tenant", "--name", "Script")
    call_command("revoke_token", raw)
    deactivate_member(agent.pk, actor=tenant.actors.admin)

    rows = list(AuditEntry.objects.order_by("pk"))
    assert [(row.event, row.user, row.by_id, row.company) for row in rows] == [
        ("TOKEN_CREATED", agent, staff["admin"].pk, tenant.company),
        ("TOKEN_CREATED", agent, None, tenant.company),
        ("TOKEN_REVOKED", agent, None, tenant.company),
        ("TOKEN_REVOKED", agent, staff["admin"].pk, tenant.company),
    ]
    assert [row.detail.partition(" ")[2] for row in rows] == ["Website", "Script", "Website", "Script"]
    assert raw not in str(read_all())


def test_administrators_see_their_members_and_superusers_everybody(staff, tenant, other_tenant):
    browser = Client()
    for name in ("agent@tenant", "agent@other", f"nobody {MARK}"):
        sign_in(browser, name, "wrong")
    audit.record(AuditEvent.TOKEN_CREATED, user=staff["agent"], company=other_tenant.company.pk)
    ended = Membership.objects.get(user=staff["viewer"])
    sign_in(browser, "viewer@tenant", "wrong")
    ended.is_active = False
    ended.save()

    seen = {
        name: [
            (row.user and row.user.username, row.event)
            for row in AuditEntry.objects.visible_to(actor).order_by("pk")
        ]
        for name, actor in (
            ("admin", tenant.actors.admin),
            ("manager", tenant.actors.manager),
            ("other", other_tenant.actors.admin),
        )
    }

    assert seen == {
        "admin": [("agent@tenant", "SIGN_IN")],
        "manager": [],
        "other": [("agent@other", "SIGN_IN"), ("agent@tenant", "TOKEN_CREATED")],
    }
    superuser = other_tenant.users["viewer"]
    superuser.is_superuser = True
    superuser.save()
    browser.force_login(superuser)
    assert browser.get(LIST).context["cl"].result_count == AuditEntry.objects.count() == 6


def test_the_list_is_filtered_and_changed_by_nobody(staff, tenant):
    browser = Client()
    browser.force_login(staff["admin"])
    AuditEntry.objects.all().delete()
    one = audit.record(AuditEvent.SIGN_IN, outcome=AuditOutcome.FAILED, user=staff["agent"])
    _shown, few = _listed(browser)
    for number in range(20):
        audit.record(AuditEvent.SIGN_OUT, user=staff["viewer"], by=staff["admin"].pk, detail=str(number))

    shown, many = _listed(browser)
    found = [
        browser.get(LIST, query).context["cl"].result_count
        for query in ({"event__exact": "SIGN_IN"}, {"outcome__exact": "FAILED"}, {"q": "agent@"})
    ]
    page = f"{LIST}{one.pk}/"
    answers = [
        browser.post(f"{page}change/", {"detail": "forged"}).status_code,
        browser.post(f"{page}delete/", {"post": "yes"}).status_code,
        browser.get(f"{LIST}add/").status_code,
    ]

    assert (few, many) == (many, few)
    assert shown == 21
    assert found == [1, 1, 1]
    assert answers == [403, 403, 403]
    assert AuditEntry.objects.filter(pk=one.pk, detail="").exists()


def _listed(browser: Client) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(LIST)
    return len(response.context["cl"].result_list), len(captured)
