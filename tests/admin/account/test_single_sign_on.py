"""Sign-in by OpenID Connect against a provider that signs real tokens."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse

from crm.actors import Role
from crm.models import Membership, User
from tests.admin.account.conftest import code_of, set_up, sign_in
from tests.admin.conftest import messages_of
from tests.factories.crm import tenant as make_tenant

KEY, FOREIGN_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _key in range(2))
PERSON = {"sub": "1", "email": "Agent@Example.com", "email_verified": True, "given_name": "Ada"}


class Provider:
    """A provider of OpenID Connect that says of everybody what the test wants it to say."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = dict(PERSON)
        self.userinfo: dict[str, Any] = {}
        self.key = KEY
        self.claims: dict[str, Any] = {}
        self.challenge = ""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_line: object) -> None:
                pass

            def do_GET(self) -> None:
                self.answer(provider.read(self.path, dict(self.headers)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(provider.token({key: value[0] for key, value in parse_qs(body).items()}))

            def answer(self, content: dict[str, Any]) -> None:
                self.send_response(400 if "error" in content else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def read(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/keys":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
            return {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}
        assert path == "/userinfo"
        assert headers["Authorization"] == "Bearer access"
        return {**self.person, **self.userinfo}

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        proof = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if (form["code"], form["client_secret"], proof.decode()) != ("code", "client-secret", self.challenge):
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {**self.person, "iss": self.issuer, "aud": "crm", "iat": now, "exp": now + 60, **self.claims}
        signed = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "one"})
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    started = Provider()
    providers = deepcopy(settings.SOCIALACCOUNT_PROVIDERS)
    providers["openid_connect"]["APPS"][0]["settings"]["server_url"] = started.issuer
    settings.SOCIALACCOUNT_PROVIDERS = providers
    yield started
    started.server.shutdown()
    started.server.server_close()


def begin(provider: Provider, browser: Client) -> dict[str, str]:
    """Follow the button on the sign-in page to the provider; return what the browser carries there."""
    page = browser.get(reverse("admin:login") + "?next=/admin/leads/lead/").content.decode()
    assert "Sign in with Example ID" in page
    sent = browser.get(reverse("openid_connect_login"), {"next": "/admin/leads/lead/"})
    assert sent.headers["Location"].startswith(f"{provider.issuer}/authorize?")
    asked = {key: value[0] for key, value in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
    assert asked["redirect_uri"] == "http://testserver" + reverse("openid_connect_callback")
    assert asked["code_challenge_method"] == "S256"
    provider.challenge = asked["code_challenge"]
    return asked


def come_back(provider: Provider, browser: Client, **changes: str):
    asked = begin(provider, browser)
    return browser.get(
        reverse("openid_connect_callback"), {"state": asked["state"], "code": "code", **changes}
    )


def test_a_member_signs_in_by_the_verified_address(agent: User, provider: Provider):
    browser = Client()

    answer = come_back(provider, browser)

    assert answer.headers["Location"] == "/admin/leads/lead/"
    assert browser.get("/admin/").context["user"] == agent
    assert User.objects.get(pk=agent.pk).has_usable_password()
    again = browser.get(reverse("openid_connect_login"), {"next": "https://evil.example"})
    assert again.status_code == 302


def test_the_second_factor_comes_after_it(agent: User, provider: Provider):
    secret, recovery = set_up(sign_in(agent)[0])
    browser = Client()

    answer = come_back(provider, browser)

    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert browser.get("/admin/").status_code == 302
    browser.post(reverse("mfa_authenticate"), {"code": recovery[0]})
    assert browser.get("/admin/").status_code == 200
    assert code_of(secret)


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({"email_verified": False}, "not verified"),
        ({"email_verified": "false"}, "not verified"),
        ({"email_verified": None}, "not verified"),
        ({"email": None}, "not verified"),
        ({"email": "nobody@example.com"}, "No account here"),
        ({"email": "inactive@example.com"}, "No account here"),
        ({"email": "homeless@example.com"}, "No account here"),
        ({"email": "twice@example.com"}, "Several accounts"),
    ],
)
def test_nobody_else_signs_in(agent: User, provider: Provider, person: dict[str, Any], said: str):
    colleague = Membership.objects.get(company=agent.memberships.get().company, role="VIEWER").user
    User.objects.filter(pk=colleague.pk).update(
        is_active=False, is_staff=True, email_canonical="inactive@example.com"
    )
    User.objects.create(username="homeless", email="homeless@example.com", is_staff=True)
    for name in ("one", "two"):
        User.objects.create(username=name, email="twice@example.com", is_staff=True)
    users = User.objects.count()
    provider.person |= person
    browser = Client()

    answer = come_back(provider, browser)

    page = browser.get(answer.headers["Location"])
    assert said in messages_of(page)[0]
    assert browser.get("/admin/").status_code == 302
    assert User.objects.count() == users


@pytest.mark.parametrize(
    "attack",
    [
        {"key": FOREIGN_KEY},
        {"claims": {"aud": "another client"}},
        {"claims": {"iss": "http://another"}},
        {"claims": {"exp": 1}},
        {"userinfo": {"sub": "2"}},
    ],
)
def test_false_tokens_sign_nobody_in(agent: User, provider: Provider, attack: dict[str, Any]):
    vars(provider).update(attack)
    browser = Client()

    answer = come_back(provider, browser)

    assert answer.headers["Location"] == reverse("admin:login")
    assert messages_of(browser.get(reverse("admin:login"))) == ["Single sign-on did not succeed. Try again."]
    assert browser.get("/admin/").status_code == 302


def test_the_answer_belongs_to_the_browser_that_asked(agent: User, provider: Provider):
    asked = begin(provider, Client())
    other = Client()

    for form in ({"state": asked["state"], "code": "code"}, {"code": "code"}, {"error": "access_denied"}, {}):
        answer = other.get(reverse("openid_connect_callback"), form)
        assert answer.headers["Location"] == reverse("admin:login")
    assert other.get("/admin/").status_code == 302


def test_a_provider_that_is_away_is_told(agent: User, settings):
    answer = Client().get(reverse("openid_connect_login"))

    assert answer.headers["Location"] == reverse("admin:login")


def test_strangers_join_the_company_that_the_settings_name(agent: User, provider: Provider, settings):
    company = make_tenant("Joined").company
    provider.person = {**PERSON, "sub": "7", "email": "new@example.com"}
    settings.OIDC = {**settings.OIDC, "join_company": str(company.uuid), "join_role": "VIEWER"}
    browser = Client()

    come_back(provider, browser)

    membership = Membership.objects.get(user__email="new@example.com")
    assert (membership.company, membership.role) == (company, Role.VIEWER.value)
    assert browser.get("/admin/").context["current_company"] == company
    assert not membership.user.has_usable_password()
    # Named so, but of another address: not proven to be the same person.
    User.objects.create(username="taken@example.com", email="else@example.com", is_staff=True)
    provider.person["email"] = "taken@example.com"
    refused = Client()
    come_back(provider, refused)
    assert refused.get("/admin/").status_code == 302
