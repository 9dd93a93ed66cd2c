"""GraphiQL in a real browser, under its content security policy."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.graphql.http import bearer, member
from tests.patience import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.urls("tests.graphql.small_urls"),
    pytest.mark.django_db(transaction=True),
]


@dataclass
class Visit:
    """A page of a browser, with what it reported and requested."""

    page: Page
    reports: list[str]
    requests: list[str]

    def run(self, query: str, *, answer: str) -> None:
        """Replace the query, run it, and wait for a text in its answer."""
        self.page.locator(".graphiql-query-editor .CodeMirror").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(query)
        self.page.get_by_role("button", name="Execute query").click()
        self.page.locator(".result-window").get_by_text(answer).last.wait_for()


@pytest.fixture
def headers() -> dict[str, str]:
    return bearer()


@pytest.fixture
def session() -> str:
    client = Client()
    client.force_login(member().user)
    return client.cookies["sessionid"].value


@pytest.fixture
def visit(
    chromium: Browser, headers: dict[str, str], session: str, live_server: LiveServer, settings: Settings
) -> Iterator[Visit]:
    settings.DEBUG = True
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE_SECONDS * 1_000)
    visit = Visit(page, [], [])
    page.on("console", lambda message: visit.reports.append(message.text))
    page.on("pageerror", lambda error: visit.reports.append(str(error)))
    page.on("request", lambda request: visit.requests.append(request.url))
    yield visit
    page.close()
    assert [report for report in visit.reports if "Content Security Policy" in report] == []
    assert [url for url in visit.requests if not url.startswith((f"{live_server.url}/", "data:"))] == []


def test_query_with_a_token(visit, live_server, headers, tmp_path):
    visit.page.goto(f"{live_server.url}/graphql")
    visit.page.get_by_role("button", name="Execute query").wait_for()
    assert "Authorization" in visit.page.locator(".graphiql-query-editor").inner_text()

    visit.page.locator(".graphiql-editor-tool .CodeMirror").nth(1).click()
    visit.page.keyboard.insert_text(json.dumps(headers))
    visit.run("{ ping user_id }", answer="pong")

    visit.page.screenshot(path=tmp_path / "graphiql.png")
    assert headers["Authorization"] not in visit.page.evaluate("JSON.stringify(localStorage)")


def test_query_with_the_session(visit, live_server, session):
    visit.page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    visit.page.goto(f"{live_server.url}/graphql")
    visit.run("{ admins_only ping }", answer="pong")
    visit.run("{ pingg }", answer="BAD_USER_INPUT")


def test_query_of_a_stranger(visit, live_server):
    visit.page.goto(f"{live_server.url}/graphql")
    visit.run("{ ping }", answer="UNAUTHENTICATED")
