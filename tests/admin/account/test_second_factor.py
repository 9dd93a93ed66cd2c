"""Codes of an authenticator app and recovery codes: set up, required, accepted once, reset."""

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from crm.actors import Role
from crm.authentication import authenticate_session, still_good
from crm.models import Membership, User
from crm.services import second_factor
from crm.services.members import add_member
from crm.services.tokens import create_token
from tests.admin.account.conftest import code_of, enter, set_up, sign_in
from tests.admin.conftest import messages_of
from tests.factories.crm import tenant as make_tenant

QUERY = {"query": "{ me { id } }"}
MEMBERS = "/admin/crm/membership/"


def ask(client: Client, **headers: str):
    answer = client.post("/graphql", QUERY, content_type="application/json", headers=headers)
    return answer.json()


def test_a_code_signs_in_once_and_so_does_each_recovery_code(agent: User, failures):
    first, answer = sign_in(agent)
    assert answer.headers["Location"] == reverse("admin:index")
    first.get(reverse("mfa_activate_totp"))
    picture = first.get(reverse("second_factor_qr"))
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content
    assert "no-store" in picture.headers["Cache-Control"]
    with time_machine.travel(time.time(), tick=False) as clock:
        secret, recovery = set_up(first)
        used = code_of(secret)
        second, answer = sign_in(agent)

        assert answer.headers["Location"] == reverse("mfa_authenticate")
        # Half a sign-in opens nothing.
        assert second.get(reverse("admin:index")).status_code == 302
        assert "errors" in ask(second)
        assert not enter(second, used), "the code that set the app up"
        assert not enter(second, "\u0660" * 6), "digits of another script"
        assert not enter(second, "000000\x00"), "refused by the form, and no guess"
        clock.shift(30)
        assert enter(second, code_of(secret))
        assert second.get(reverse("admin:index")).status_code == 200
        third, _answer = sign_in(agent)
        assert not enter(third, code_of(secret)), "used by the second browser"
        assert not enter(third, used)
        assert enter(third, recovery[3])
        fourth, _answer = sign_in(agent)
        assert not enter(fourth, recovery[3])
        assert enter(fourth, recovery[4])

    assert failures == [{"username": agent.username}] * 5
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    # The codes are shown once.
    again = first.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert "8 of 10 are left" in again
    assert recovery[5] not in again


def test_guesses_are_bounded(agent: User):
    browser, _answer = sign_in(agent)
    secret, _recovery = set_up(browser)
    guessing, _answer = sign_in(agent)

    for number in range(5):
        assert not enter(guessing, f"{number:06}")

    assert not enter(guessing, code_of(secret, later=1)), "right, but the sixth within five minutes"


def test_codes_are_refused_while_nobody_counts_them(agent: User, settings):
    browser, _answer = sign_in(agent)
    _secret, recovery = set_up(browser)
    waiting, _answer = sign_in(agent)
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {**settings.CACHES, "default": away}

    answer = waiting.post(reverse("mfa_authenticate"), {"code": recovery[0]})

    assert "Try again in a minute." in answer.content.decode()
    # The pages of who is signed in do not need the cache.
    assert browser.get(reverse("admin:index")).status_code == 200


def test_a_company_that_requires_it_opens_nothing_before(agent: User, tenant):
    _token, raw = create_token(agent, tenant.company)
    browser, _answer = sign_in(agent)
    opened = authenticate_session(agent)
    assert still_good(opened)
    assert "errors" not in ask(browser)

    tenant.company.second_factor_required = True
    tenant.company.save()

    set_up_page = reverse("mfa_activate_totp")
    for page in (
        reverse("admin:index"),
        "/admin/leads/lead/",
        "/admin/leads/lead/add/",
        MEMBERS,
        "/admin/x/",
    ):
        assert browser.get(page).headers["Location"] == set_up_page, page
    refused = ask(browser)["errors"][0]
    assert refused["extensions"]["code"] == "FORBIDDEN"
    assert "second factor" in refused["message"]
    assert not still_good(opened)
    assert "errors" not in ask(Client(), Authorization=f"Bearer {raw}")
    # Nor in another company, whose data the same session would open.
    other = make_tenant("Elsewhere")
    add_member(other.company, agent, Role.AGENT)
    assert "errors" in ask(browser, **{"X-Company": str(other.company.pk)})

    set_up(browser)

    assert browser.get(reverse("admin:index")).status_code == 200
    assert "errors" not in ask(browser)
    answer = browser.post(reverse("mfa_deactivate_totp"), follow=True)
    assert "A company of yours requires a second factor." in answer.content.decode()
    assert second_factor.has_factor(agent)


def test_who_is_not_required_to_removes_it_after_a_confirmation(agent: User):
    browser, _answer = sign_in(agent)
    with time_machine.travel(time.time(), tick=False) as clock:
        set_up(browser)
        clock.shift(3_600)
        confirm = browser.get(reverse("mfa_deactivate_totp"))
        assert confirm.headers["Location"].startswith(reverse("account_reauthenticate"))
        wrong = browser.post(confirm.headers["Location"], {"password": "wrong"})
        assert wrong.status_code == 200
        assert browser.get(reverse("mfa_deactivate_totp")).status_code == 302
        browser.post(confirm.headers["Location"], {"password": "a long enough password"})
        browser.post(reverse("mfa_deactivate_totp"))

    assert not Authenticator.objects.exists()
    assert sign_in(agent)[1].headers["Location"] == reverse("admin:index")


def reset(client: Client, *rows: Membership):
    form = {"action": "reset_second_factor_selected", "_selected_action": [row.pk for row in rows]}
    answer = client.post(MEMBERS, form, follow=True)
    return messages_of(answer) if answer.status_code == 200 else answer.status_code


def test_an_administrator_resets_it(agent: User, tenant, signed_in):
    browser, _answer = sign_in(agent)
    set_up(browser)
    administrator = signed_in("admin")
    membership = Membership.objects.get(user=agent)
    other = make_tenant("Elsewhere")
    stranger = Membership.objects.get(user=other.users["agent"])

    # Whose account opens another company too is no business of this one alone.
    elsewhere = add_member(other.company, agent, Role.AGENT)
    assert "ask an operator" in reset(administrator, membership, stranger)[0]
    assert second_factor.has_factor(agent)
    elsewhere.is_active = False
    elsewhere.save()
    User.objects.filter(pk=agent.pk).update(is_superuser=True)
    assert "ask an operator" in reset(administrator, membership)[0]
    User.objects.filter(pk=agent.pk).update(is_superuser=False)
    assert reset(signed_in("manager"), membership) == 403
    assert second_factor.has_factor(agent)

    assert reset(administrator, membership) == ["Reset the second factor of 1 membership."]

    assert not Authenticator.objects.filter(user=agent).exists()
    assert browser.get(reverse("admin:index")).status_code == 302
    entry = LogEntry.objects.latest("pk")
    assert (entry.user, entry.object_id) == (tenant.users["admin"], str(membership.pk))
    assert entry.get_change_message() == "Reset the second factor."


def test_an_operator_resets_it(agent: User, capsys):
    browser, _answer = sign_in(agent)
    set_up(browser)

    call_command("reset_second_factor", agent.username)

    assert not Authenticator.objects.exists()
    assert not Session.objects.exists()
    assert "Removed the second factor" in capsys.readouterr().out


def test_it_outlives_a_new_secret_key(agent: User, settings):
    browser, _answer = sign_in(agent)
    with time_machine.travel(time.time(), tick=False) as clock:
        secret, recovery = set_up(browser)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another"
        clock.shift(30)
        assert enter(sign_in(agent)[0], code_of(secret))
        # The sign-in has encrypted both anew.
        settings.SECRET_KEY_FALLBACKS = []
        assert enter(sign_in(agent)[0], recovery[0])
        settings.SECRET_KEY = "a third one"
        clock.shift(30)
        assert not enter(sign_in(agent)[0], code_of(secret))


@pytest.mark.parametrize("name", ["mfa_index", "mfa_activate_totp", "second_factor_qr", "end_other_sessions"])
def test_strangers_are_sent_to_sign_in(db, name: str):
    answer = Client().get(reverse(name))

    assert answer.headers["Location"].startswith(reverse("admin:login"))
