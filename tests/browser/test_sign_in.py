"""Sign-in with a second factor in Chromium, on a desk and on a phone, under the strict policy."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from crm.models import User
from tests.admin.account.conftest import PASSWORD, code_of, nothing_counted
from tests.factories.crm import tenant as make_tenant
from tests.patience import PATIENCE_SECONDS

__all__ = ["nothing_counted"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent(live_server) -> User:
    """A member of a company that requires a second factor."""
    tenant = make_tenant()
    tenant.company.second_factor_required = True
    tenant.company.save()
    user = tenant.users["agent"]
    user.is_staff = True
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def context(chromium: Browser, agent: User) -> Iterator[BrowserContext]:
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    phone.set_default_timeout(PATIENCE_SECONDS * 1_000)
    yield phone
    phone.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    assert complaints == []


def sign_in(page: Page, address: str, user: User) -> None:
    page.goto(f"{address}/admin/leads/lead/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def fits(page: Page) -> bool:
    """Return whether the page needs no scrolling sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_required_factor_is_set_up_and_signs_in(page: Page, agent: User, live_server):
    sign_in(page, live_server.url, agent)

    page.wait_for_selector("text=A company of yours requires a second factor.")
    # Waits for the picture, and fails if it is none. A function that is waited for is an eval in the page.
    page.locator(".qr-code").evaluate("picture => picture.decode()")
    assert page.evaluate("document.querySelector('.qr-code').alt")
    assert fits(page)
    secret = page.inner_text("#secret").replace(" ", "")
    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Set up").click()
    page.wait_for_selector("text=This code is wrong")
    assert page.inner_text("#secret").replace(" ", "") == secret
    used = code_of(secret)
    page.get_by_label("Code").fill(used)
    page.get_by_role("button", name="Set up").click()
    page.wait_for_selector(".recovery-codes")
    recovery = re.findall(r"\d+", page.inner_text(".recovery-codes"))
    assert len(recovery) == 10
    assert fits(page)
    page.click("text=I have stored them")
    page.click("#own-menu summary")
    page.get_by_role("link", name="Sign-in and sessions").click()
    page.wait_for_selector("text=Chrome on Linux (this one)")
    assert fits(page)
    page.get_by_role("button", name="End the session of Chrome on Linux").click()

    sign_in(page, live_server.url, agent)
    page.wait_for_selector("text=Enter the code that your authenticator app shows")
    assert fits(page)
    # The same, not that of now: time may have gone on.
    page.get_by_label("Code").fill(used)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("text=was used before")
    page.get_by_label("Code").fill(recovery[0])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("h1:has-text('Leads')")
    assert page.url.endswith("/admin/leads/lead/")
