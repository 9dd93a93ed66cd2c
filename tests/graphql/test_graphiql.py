"""Who gets GraphiQL, and what its page may load."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.graphql.http import bearer, member

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.graphql.small_urls")]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def get(client=None, *, accept=BROWSER, **parameters):
    return (client or Client()).get("/graphql", parameters, headers={"Accept": accept})


def is_page(response):
    return response["Content-Type"].startswith("text/html")


def signed_in():
    client = Client()
    client.force_login(member().user)
    return client


def test_browser_gets_the_page_in_debug(settings):
    settings.DEBUG = True

    response = get()

    assert response.status_code == 200
    assert is_page(response)
    assert response["Cache-Control"] == "no-store"
    assert "csrftoken" in response.cookies


def test_page_is_off_outside_debug():
    assert not is_page(get())
    assert not is_page(get(signed_in()))
    assert get(accept="text/html").status_code == 406


def test_page_is_for_signed_in_users_where_it_is_switched_on(settings):
    settings.GRAPHIQL_ENABLED = True

    assert not is_page(get())
    assert is_page(get(signed_in()))


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.9"])
def test_clients_that_rather_want_data_get_data(settings, accept):
    settings.DEBUG = True
    headers = bearer() | {"Accept": accept}

    response = Client().get("/graphql", {"query": "{ ping }"}, headers=headers)

    assert response.json() == {"data": {"ping": "pong"}}


def test_policy_of_the_page_admits_this_site_alone(settings):
    settings.DEBUG = True

    policy = dict(part.split(" ", 1) for part in get()["Content-Security-Policy"].split("; "))

    assert policy == {
        "default-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }


def test_page_loads_vendored_files_and_holds_no_script(settings):
    settings.DEBUG = True

    page = get().content.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    files = [address for address in addresses if address != "data:,"]

    assert len(files) == 6
    assert [file for file in files if not file.startswith("/static/crm/")] == []
    assert [file for file in files if finders.find(file.removeprefix("/static/")) is None] == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=", page) == []


def test_page_escapes_its_address(settings):
    settings.DEBUG = True

    page = get(query='"><script>alert(1)</script>').content.decode()

    assert "alert(1)" not in page
    assert 'data-url="/graphql"' in page
