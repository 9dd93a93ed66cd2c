"""Sessions are listed for their user alone, and refused once they have ended."""

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from crm.errors import Unauthenticated
from crm.graphql.websocket.handshake import authenticate, is_still_good, read_handshake
from crm.models import BrowserSession, Membership, User
from crm.services import browser_sessions
from crm.services.browser_sessions import device_named_by, end_sessions, sessions_of
from tests.admin.account.conftest import PASSWORD, sign_in
from tests.factories.crm import tenant as make_tenant

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
INDEX = "/admin/"


def row_of(browser: Client) -> BrowserSession:
    return BrowserSession.objects.get(session=browser.session.session_key)


def is_open(browser: Client) -> bool:
    asked = browser.post("/graphql", {"query": "{ me { id } }"}, content_type="application/json")
    answers = {browser.get(INDEX).status_code == 200, "errors" not in asked.json()}
    assert len(answers) == 1
    return answers.pop()


def test_sessions_are_listed_and_ended_one_by_one_and_all(agent: User, tenant):
    phone, _answer = sign_in(agent, **{"User-Agent": PHONE})
    desk, _answer = sign_in(agent, **{"User-Agent": DESK})
    third, _answer = sign_in(agent, **{"User-Agent": "<script>alert(1)</script>"})
    other = make_tenant("Elsewhere").users["agent"]
    strange = Client()
    strange.force_login(other)

    page = desk.get(reverse("mfa_index")).content.decode()

    assert "Safari on iPhone" in page
    assert "Chrome on Linux (this one)" in page
    assert "127.0.0.1" in page
    assert "<script>alert" not in page
    assert all(key not in page for key in Session.objects.values_list("pk", flat=True))
    for key in (row_of(strange).pk, 2**70, "x"):
        assert desk.post(reverse("end_session", args=[key])).status_code == 404
    assert desk.get(reverse("end_session", args=[row_of(phone).pk])).status_code == 405
    desk.post(reverse("end_session", args=[row_of(phone).pk]))
    assert [is_open(phone), is_open(desk), is_open(third)] == [False, True, True]
    desk.post(reverse("end_other_sessions"))
    assert [is_open(desk), is_open(third)] == [True, False]
    ended = desk.post(reverse("end_session", args=[row_of(desk).pk]))
    assert ended.headers["Location"] == reverse("admin:login")
    assert not is_open(desk)
    assert strange.get(reverse("mfa_index")).status_code in (200, 302)
    assert BrowserSession.objects.filter(user=other).exists()


def test_an_administrator_ends_those_of_a_member_alone(agent: User, signed_in):
    browser, _answer = sign_in(agent)
    stranger = make_tenant("Elsewhere").users["agent"]
    strange = Client()
    strange.force_login(stranger)
    rows = Membership.objects.filter(user__in=[agent, stranger]).values_list("pk", flat=True)
    form = {"action": "end_sessions_selected", "_selected_action": list(rows)}

    signed_in("manager").post("/admin/crm/membership/", form)
    assert is_open(browser)
    signed_in("admin").post("/admin/crm/membership/", form)

    assert not is_open(browser)
    assert sessions_of(stranger) != []


def test_a_change_of_the_password_ends_all_others(agent: User):
    one, _answer = sign_in(agent)
    other, _answer = sign_in(agent)
    form = {
        "old_password": PASSWORD,
        "new_password1": "another long one",
        "new_password2": "another long one",
    }

    assert one.post(reverse("admin:password_change"), form).status_code == 302

    assert [is_open(one), is_open(other)] == [True, False]
    agent.refresh_from_db()
    assert [row.session_id for row in sessions_of(agent)] == [one.session.session_key]


def test_its_use_is_noted_once_in_a_while(agent: User, monkeypatch):
    # Redis keeps a clock of its own, which no test moves.
    monkeypatch.setattr(browser_sessions, "NOTED_SECONDS", 3_600)
    browser, _answer = sign_in(agent)
    begun = row_of(browser).last_seen_at
    with time_machine.travel(begun.timestamp() + 30, tick=False):
        browser.get(INDEX)
    assert row_of(browser).last_seen_at == begun
    cache.delete(f"session-seen:{browser.session.session_key}")
    for seconds in (120, 150):
        with time_machine.travel(begun.timestamp() + seconds, tick=False):
            browser.get(INDEX)

    noted = row_of(browser)
    assert (noted.last_seen_at - begun).total_seconds() == pytest.approx(120, abs=1)
    assert noted.created_at < noted.last_seen_at


def test_it_goes_with_its_session(agent: User):
    browser, _answer = sign_in(agent)
    assert BrowserSession.objects.count() == 1

    browser.post(reverse("admin:logout"))

    assert not BrowserSession.objects.exists()
    sign_in(agent)
    assert end_sessions(agent) == 1


@pytest.mark.parametrize(
    ("agent_header", "name"),
    [
        (DESK, "Chrome on Linux"),
        (DESK.replace("Chrome/130.0 Safari/537.36", "Chrome/130.0 Safari/537.36 Edg/130.0"), "Edge on Linux"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown device"),
        ("\x00é", "Unknown device"),
    ],
)
def test_devices_are_named(agent_header: str, name: str):
    assert device_named_by(agent_header) == name


def test_an_open_socket_ends_with_its_session(agent: User):
    browser, _answer = sign_in(agent)
    headers = {"host": "testserver", "origin": "http://testserver"}
    headers["cookie"] = f"sessionid={browser.session.session_key}"
    handshake = read_handshake(
        {
            "path": "/graphql",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    credential = authenticate(handshake, {})
    # What a socket asks every minute.
    assert is_still_good(handshake, credential)

    end_sessions(agent)

    assert not is_still_good(handshake, credential)
    with pytest.raises(Unauthenticated):
        authenticate(handshake, {})
