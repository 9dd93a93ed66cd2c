"""Every page of the admin as every role, in Chromium: whom it opens to, what it complains of, who can use it.

Operators walk all pages, which axe-core audits. Of the pages of the other roles, those are opened in the
browser whose content no role above has seen; the others are asked for alone. That takes minutes, so `make
walk` does it and the suite leaves it out: tests/admin/test_access.py tries the roles without a browser.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

from tests.browser import axe, pages
from tests.config.processes import ROOT
from tests.e2e.servers import Api, free_port, running
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.browser, pytest.mark.node]

#: Makes a row of each kind and a session of each role; prints their keys.
MAKING = """
import json, sys
import django
django.setup()
from django.contrib.auth.tokens import default_token_generator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.http import urlsafe_base64_encode
from crm.actors import Role
from crm.background import rows
from crm.background.registry import RUNNING, parts
from crm.importing.drafts import store_draft
from crm.models import EntityKind, Notification, WorkPart
from crm.services.members import add_member
from tests.factories.crm import UserFactory
from tests.tenants.world import make_world
side = make_world().own
tenant = side.tenant
rows.add_missing(parts().values(), RUNNING)
users = {role: tenant.users[role] for role in ("admin", "manager", "agent", "viewer")}
users["operator"] = UserFactory(username="operator", is_superuser=True)
add_member(tenant.company, users["operator"], Role.ADMIN)
users["stranger"] = UserFactory(username="stranger")
keys = {kind: str(row.pk) for kind, row in side.rows.items()}
sessions = {}
for role, user in users.items():
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    sessions[role] = client.cookies["sessionid"].value
    if role != "stranger":
        told = Notification.objects.earliest("pk")
        told.pk, told.user, told.key = None, user, f"walk:{role}"
        told.save()
        keys[f"notification of {role}"] = str(told.pk)
file = SimpleUploadedFile("people.csv", b"First name,Mail\\nJane,jane@example.com\\nJoe,no address\\n")
keys |= {
    "draft": store_draft(file, EntityKind.PEOPLE, actor=tenant.actors.admin).token,
    "import_job_uuid": str(side.rows["import_job"].uuid),
    "work_part": str(WorkPart.objects.earliest("pk").pk),
}
print(json.dumps([keys, sessions]))
"""
#: What differs from one request or member to the next: the frame, whose parts roles share, and form tokens.
CHANGING = re.compile(
    r'<header id="header".*?</header>|<nav class="frame-nav".*?</nav>|name="csrfmiddlewaretoken" value="\w+"'
    r"|X-CSRFToken[^}]*",
    re.DOTALL,
)
#: Runs before the scripts of each page.
WATCH = """document.addEventListener("securitypolicyviolation",
  ({violatedDirective, blockedURI}) => console.error(`policy: ${violatedDirective} ${blockedURI}`));"""


class Walker:
    """A browser of one role."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.page = context.new_page()
        self._asking = context.request
        self._site = site
        self._address = site
        self._complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self._complaints.append(str(error)))

    def _note(self, line: ConsoleMessage) -> None:
        # The browser itself reports a page that is refused, which the status tells.
        is_status = line.text.startswith("Failed to load resource") and line.location["url"] == self._address
        if line.type == "error" and not is_status:
            self._complaints.append(line.text)

    def ask(self, address: str) -> tuple[int, str]:
        """Return the status of a page, and its content; what leads elsewhere has none."""
        answer = self._asking.get(self._site + address, max_redirects=0)
        # Of what is not there, a server with debug on shows more than the product does.
        is_page = answer.status in (200, 403)
        return answer.status, CHANGING.sub("", answer.text()) if is_page else ""

    def open(self, address: str, auditor: axe.Auditor) -> list[str]:
        """Open a page; return what is wrong with it."""
        self._address = self._site + address
        self.page.goto(self._address, wait_until="domcontentloaded")
        said = auditor.issues(self.page) + self._complaints
        self._complaints.clear()
        return said


@dataclass(frozen=True, kw_only=True)
class Site:
    """A served world."""

    browser: Browser
    address: str
    keys: Mapping[str, str]
    sessions: Mapping[str, str]

    @contextmanager
    def walker(self, role: str) -> Iterator[Walker]:
        context = self.browser.new_context(viewport=axe.WIDE, color_scheme="light", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_SECONDS * 1_000)
        context.add_init_script(WATCH)
        if role in self.sessions:
            cookie = {"name": "sessionid", "value": self.sessions[role], "url": self.address}
            context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict
        yield Walker(context, self.address)
        context.close()


@pytest.fixture(scope="module")
def site(chromium: Browser, server_environment: dict[str, str]) -> Iterator[Site]:
    env = {
        **server_environment,
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "OIDC_CLIENT_ID": "crm",
        "OIDC_CLIENT_SECRET": "client-secret",
        "OIDC_ISSUER": "http://127.0.0.1:9",
    }
    made = subprocess.run(
        [sys.executable, "-c", MAKING],
        cwd=ROOT,
        env={**env, "DJANGO_SETTINGS_MODULE": "config.settings", "DJANGO_ALLOWED_HOSTS": "testserver"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    keys, sessions = json.loads(made.stdout.splitlines()[-1])
    port = free_port()
    command = (sys.executable, "manage.py", "serve", "--port", str(port))
    with running(*command, env=env) as lines:
        Api(port, "").wait_until_up(lines)
        yield Site(browser=chromium, address=f"http://127.0.0.1:{port}", keys=keys, sessions=sessions)


def test_every_page_has_a_case() -> None:
    known = {*pages.of_models(), *pages.OWN, *pages.NO_PAGES}
    found = {name for name in pages.names() if not name.endswith(pages.NO_PAGES_OF_MODELS)}

    assert found == known


@pytest.mark.walk
def test_every_page_as_every_role(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    auditor = axe.Auditor()
    seen: set[str] = set()
    asked, opened, wrong = 0, 0, []
    for role in pages.ROLES:
        with site.walker(role) as walker:
            for visit in pages.visits(site.keys, role):
                status, content = walker.ask(visit.address)
                asked += 1
                if (status == 200) != (role in visit.roles):
                    wrong.append(f"{role} {visit.address}: {status}")
                if content and content not in seen:
                    seen.add(content)
                    opened += 1
                    said = walker.open(visit.address, auditor)
                    wrong += [f"{role} {visit.address}: {text}" for text in said]

    with capsys.disabled():
        print(f"\npages of the admin: {asked} asked for, {opened} opened, {auditor.audited} audited")
    # Each in full, where a comparison of lists would be cut short.
    assert not wrong, "\n".join(wrong)
