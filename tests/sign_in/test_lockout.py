"""Too many failed sign-ins lock an account or an address, whichever view they come by."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.signals import user_login_failed
from django.test import Client, RequestFactory
from django.utils import timezone

from crm.models import AuditEntry, SignInFailures, User
from crm.services import lockout
from tests.commands.running import run
from tests.factories.crm import UserFactory
from tests.statements import statements

pytestmark = pytest.mark.django_db

RIGHT, WRONG = "a right password", "a wrong password"
START = datetime(2026, 11, 30, 12, tzinfo=UTC)
MINUTE = 60
LOGIN = "/admin/login/"


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.build(username="anna", email="anna@example.com", is_staff=True)
    user.set_password(RIGHT)
    user.save()
    return user


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that a hash is computed of."""
    seen: list[str] = []
    encode = MD5PasswordHasher.encode

    def spy(self: MD5PasswordHasher, password: str, *args: Any) -> str:
        seen.append(password)
        return encode(self, password, *args)

    monkeypatch.setattr(MD5PasswordHasher, "encode", spy)
    return seen


def sign_in(name: str = "anna", password: str = WRONG, *, address: str = "192.0.2.1", **headers: str) -> Any:
    """Send the form of the sign-in page, as a browser without a session does."""
    return Client(REMOTE_ADDR=address, headers=headers).post(
        LOGIN, {"username": name, "password": password, "next": "/admin/"}
    )


def test_thirty_wrong_passwords_lock_from_the_eleventh_on(anna, hashes):
    with time_machine.travel(START, tick=False) as clock:
        answers = [sign_in(address=f"192.0.2.{number}") for number in range(1, 31)]
        hashes_for_wrong = len(hashes)
        right = sign_in(password=RIGHT, address="192.0.2.99")
        clock.shift(14 * MINUTE + 59)
        before = sign_in(password=RIGHT)
        clock.shift(1)
        after = sign_in(password=RIGHT)

    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 20
    assert hashes_for_wrong == 10
    # The right password gets the same answer, byte for byte, but for what is left of the time.
    assert (right.status_code, right["Retry-After"]) == (429, "900")
    assert right.content == answers[-1].content
    assert (before.status_code, before["Retry-After"]) == (429, "1")
    assert (after.status_code, after["Location"]) == (302, "/admin/")
    assert len(hashes) == 11


def test_the_locked_page_is_a_page_and_tells_nothing(anna):
    for _ in range(10):
        sign_in("anna")
        sign_in("nobody", address="192.0.2.2")

    # The first refusal is written to the audit list.
    sign_in("anna"), sign_in("nobody", address="192.0.2.2")
    known, unknown = sign_in("anna"), sign_in("nobody", address="192.0.2.2")
    # Whoever floods a locked account writes nothing.
    written = [each for each in statements(lambda: sign_in("anna")) if not each.startswith("SELECT")]
    assert written == []

    assert [known.status_code, unknown.status_code] == [429, 429]
    assert known.content == unknown.content
    assert known["Content-Type"].startswith("text/html")
    assert known["Cache-Control"] == "no-store"
    assert "default-src 'self'" in known["Content-Security-Policy"]
    text = known.content.decode()
    assert "Try again in 15 minutes." in text
    assert "anna" not in text
    assert "<style" not in text + unknown.content.decode()


def test_known_and_unknown_names_cost_the_same(anna, hashes):
    # A first request fills caches.
    sign_in("warm", address="192.0.2.9")
    known = statements(lambda: sign_in("anna"))
    hashed = len(hashes)
    unknown = statements(lambda: sign_in("nobody", address="192.0.2.2"))

    assert known == unknown
    assert (hashed, len(hashes)) == (2, 3)


def test_an_address_is_locked_and_others_sign_in(anna, settings):
    settings.SIGN_IN_ADDRESS_FAILURES = 12
    codes = [sign_in(f"name {number}", address="2001:db8::1").status_code for number in range(12)]

    assert codes == [200] * 12
    # The same network of IPv6, whatever the name; a forged header helps nobody.
    assert sign_in("anna", RIGHT, address="2001:db8::2").status_code == 429
    assert (
        sign_in("anna", RIGHT, address="2001:db8::2", **{"X-Forwarded-For": "192.0.2.77"}).status_code == 429
    )
    assert sign_in("anna", RIGHT, address="2001:db8:0:1::1").status_code == 302
    done = run("unlock", "--address", "2001:db8::ffff")
    assert done.lines == ["Unlocked."]
    assert sign_in("anna", RIGHT, address="2001:db8::2").status_code == 302


def test_addresses_behind_a_proxy_are_told_apart(anna, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    settings.SIGN_IN_ADDRESS_FAILURES = 3
    for number in range(3):
        forged = f"203.0.113.{number}, 198.51.100.1"
        assert sign_in(f"name {number}", **{"X-Forwarded-For": forged}).status_code == 200

    assert sign_in("anna", RIGHT, **{"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}).status_code == 429
    assert sign_in("anna", RIGHT, **{"X-Forwarded-For": "198.51.100.1, 198.51.100.2"}).status_code == 302


@pytest.mark.parametrize(
    "spellings",
    [
        ("anna", "ANNA", " anna ", "\uff21nna", "an\u200bna", "anna\u00a0"),
        ("J\u00fcrgen", "Ju\u0308rgen", "j\u00fcRGEN"),
        ("x@m\u00fcller.example", "X@M\u00dcLLER.example", "x@xn--mller-kva.example"),
    ],
)
def test_spellings_of_a_name_count_together(spellings, settings):
    settings.SIGN_IN_ACCOUNT_FAILURES = len(spellings)
    settings.SIGN_IN_ADDRESS_FAILURES = 0

    assert {sign_in(name).status_code for name in spellings} == {200}
    assert {sign_in(name).status_code for name in spellings} == {429}
    assert SignInFailures.objects.count() == 1


def test_only_failures_count_and_a_sign_in_forgets_them(anna):
    for _ in range(30):
        assert sign_in(password=RIGHT).status_code == 302
    for _ in range(9):
        sign_in()
    assert sign_in(password=RIGHT).status_code == 302
    for _ in range(9):
        assert sign_in().status_code == 200
    # Signing in to an own account does not clear what an address has done to others.
    address = SignInFailures.objects.exclude(times=[]).order_by("-pk")
    assert sorted(len(row.times) for row in address) == [9, 18]


def test_failures_of_the_last_minutes_count_not_of_a_fixed_quarter(anna):
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(5):
            sign_in()
            clock.shift(MINUTE)
        clock.shift(8 * MINUTE)
        assert [sign_in().status_code for _ in range(6)] == [200] * 5 + [429]
        clock.shift(2 * MINUTE)
        # The first of them is 15 minutes old by now: one more try, and no more.
        assert [sign_in().status_code for _ in range(2)] == [200, 429]


def test_a_new_password_unlocks_the_account(anna, client):
    assert [sign_in().status_code for _ in range(11)][-1] == 429

    anna.set_password("another password")
    anna.save()

    assert sign_in(password="another password").status_code == 302
    # A password that is only hashed anew is no new one.
    for _ in range(10):
        sign_in()
    User.objects.get(pk=anna.pk).save()
    assert sign_in().status_code == 429


def test_an_operator_unlocks_an_account(anna):
    for _ in range(11):
        sign_in()

    ended = [
        run("unlock", "anna"),
        run("unlock", "anna"),
        run("unlock", "nobody"),
        run("unlock", "--address", "x"),
    ]

    assert [end.lines for end in ended[:2]] == [
        ["Unlocked."],
        ["Nothing was locked: no sign-in failed lately."],
    ]
    assert [(end.code, end.errors) for end in ended[2:]] == [
        (1, ["There is no user nobody."]),
        (1, ["x is no IP address."]),
    ]
    assert sign_in(password=RIGHT).status_code == 302


def test_every_way_to_authenticate_is_guarded(anna, hashes):
    request = RequestFactory().post("/elsewhere")
    for _ in range(10):
        assert authenticate(request, username="anna", password=WRONG) is None

    for given in (request, None):
        with pytest.raises(lockout.LockedOut):
            authenticate(given, username="anna", password=RIGHT)
    with pytest.raises(lockout.LockedOut):
        async_to_sync(aauthenticate)(username="anna", password=RIGHT)
    assert len(hashes) == 10


def test_wrong_codes_of_a_second_factor_count_too(anna):
    """A view that checks a code tells Django of a failure, as one that checks a password does."""
    for _ in range(10):
        request = RequestFactory().post("/code")
        # The password is right each time; only signing in forgets the failures.
        assert authenticate(request, username="anna", password=RIGHT) == anna
        user_login_failed.send(__name__, credentials={"username": "anna"}, request=request)

    with pytest.raises(lockout.LockedOut):
        lockout.refuse_if_locked("anna")
    assert sign_in(password=RIGHT).status_code == 429
    lockout.refuse_if_locked("other")


def test_odd_names_and_no_limit(settings):
    settings.SIGN_IN_ACCOUNT_FAILURES = settings.SIGN_IN_ADDRESS_FAILURES = 0
    names = ["", "x" * 10_000, "a\x00b", "\u200b", "@", "a@b@c", "\u0130" * 200]

    assert {sign_in(name).status_code for name in names * 2} == {200}
    assert not SignInFailures.objects.exists()
    settings.SIGN_IN_ACCOUNT_FAILURES = 1
    lockout.begin_try("half \ud800 a pair")
    with pytest.raises(lockout.LockedOut):
        lockout.begin_try("half \ud800 a pair")


def test_counters_are_kept_while_they_count(anna):
    with time_machine.travel(START, tick=False) as clock:
        sign_in()
        assert lockout.prune(before=timezone.now()) == 0
        clock.shift(16 * MINUTE)
        assert lockout.prune(before=timezone.now()) == 2
    assert AuditEntry.objects.count() == 2


def test_unlocking_members_is_for_administrators(anna, tenant, other_tenant):
    agent = tenant.users["agent"]
    for _ in range(10):
        sign_in(agent.username)
    browser = Client()
    pages = {}
    for admin, name in ((other_tenant.users["admin"], "stranger"), (tenant.users["admin"], "admin")):
        admin.is_staff = True
        admin.save()
        browser.force_login(admin)
        selected = {"action": "unlock_selected", "_selected_action": agent.memberships.get().pk}
        browser.post("/admin/crm/membership/", selected)
        pages[name] = sign_in(agent.username).status_code

    assert pages == {"stranger": 429, "admin": 200}
    [unlock] = AuditEntry.objects.filter(event="UNLOCK")
    assert (unlock.user, unlock.by) == (agent, tenant.users["admin"])
