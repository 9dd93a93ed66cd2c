"""The fast path is on only with middleware that it knows; manage.py check says when it is off."""

import re
from http import HTTPStatus

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponseForbidden

from config.checks import FAST_PATH_MIDDLEWARE, check_fast_path
from config.fast_path import FastPath, with_fast_path
from config.schema import schema
from tests.config.both_paths import BothPaths, send

BLOCKED = "192.0.2.1"
BLOCK = f"{__name__}.block_address"


def block_address(get_response):
    def handle(request):
        return (
            HttpResponseForbidden() if request.META.get("REMOTE_ADDR") == BLOCKED else get_response(request)
        )

    return handle


@pytest.fixture
def build(closings, settings):
    """Return both paths with other settings, which Django's middleware reads when it is created."""

    def build_with(**changed):
        for name, value in changed.items():
            setattr(settings, name, value)
        return BothPaths(get_wsgi_application())

    return build_with


def test_settings_have_the_middleware_that_the_fast_path_knows(build):
    assert isinstance(build().fast, FastPath)
    assert check_fast_path(None) == []


def test_middleware_that_blocks_an_address_is_not_skipped_after_another_was_served(build, token):
    paths = build(MIDDLEWARE=[*FAST_PATH_MIDDLEWARE, BLOCK])

    assert send(paths.fast, token)[0] == HTTPStatus.OK
    assert send(paths.fast, token, REMOTE_ADDR=BLOCKED)[0] == HTTPStatus.FORBIDDEN
    assert send(paths.fast, token)[0] == HTTPStatus.OK


SECURITY = "django.middleware.security.SecurityMiddleware"
OTHERS = {
    f"unknown {BLOCK}": [BLOCK, *FAST_PATH_MIDDLEWARE],
    f"missing {SECURITY}": [name for name in FAST_PATH_MIDDLEWARE if name != SECURITY],
    "another order": [*FAST_PATH_MIDDLEWARE[1:], FAST_PATH_MIDDLEWARE[0]],
    f"unknown {BLOCK}; missing {SECURITY}": [BLOCK if n == SECURITY else n for n in FAST_PATH_MIDDLEWARE],
}


def django(environ, start_response):
    raise AssertionError("never called")


@pytest.mark.parametrize("difference", OTHERS)
def test_other_middleware_switches_the_fast_path_off_with_a_warning(settings, caplog, difference):
    settings.MIDDLEWARE = OTHERS[difference]

    assert with_fast_path(django, schema.graphql_schema) is django
    assert [(record.levelname, record.args) for record in caplog.records] == [("WARNING", (difference,))]
    [warning] = check_fast_path(None)
    assert warning.id == "crm.W003"
    assert warning.msg.endswith(f"differs from what it knows: {difference}.")
    assert "GRAPHQL_FAST_PATH=false" in str(warning.hint)


def test_manage_py_check_warns(settings):
    settings.MIDDLEWARE = [*FAST_PATH_MIDDLEWARE, BLOCK]

    with pytest.raises(SystemCheckError, match=r"\(crm\.W003\)"):
        call_command("check", fail_level="WARNING")


def test_setting_switches_the_fast_path_off_without_a_warning(settings, caplog):
    settings.GRAPHQL_FAST_PATH = False
    settings.MIDDLEWARE = [*FAST_PATH_MIDDLEWARE, BLOCK]

    assert with_fast_path(django, schema.graphql_schema) is django
    assert caplog.records == []
    assert check_fast_path(None) == []


#: Settings by which known middleware decides on further headers, and a request that it then refuses.
FURTHER_HEADERS = {
    "DISALLOWED_USER_AGENTS": ([re.compile("^Bad")], {"HTTP_USER_AGENT": "Bad bot"}, 403),
    "USE_X_FORWARDED_HOST": (True, {"HTTP_X_FORWARDED_HOST": "elsewhere.example"}, 400),
    "SECURE_PROXY_SSL_HEADER": (("HTTP_X_SCHEME", "https"), {"HTTP_X_SCHEME": "http"}, 301),
}


@pytest.mark.parametrize("name", FURTHER_HEADERS)
def test_header_on_which_middleware_decides_by_a_setting_counts_each_time(build, token, name):
    value, headers, status = FURTHER_HEADERS[name]
    accepted = {"HTTP_X_SCHEME": "https"}
    paths = build(SECURE_SSL_REDIRECT=name == "SECURE_PROXY_SSL_HEADER", **{name: value})

    assert send(paths.fast, token, **accepted)[0] == HTTPStatus.OK
    assert not paths.went_through_django
    refused = send(paths.fast, token, **accepted | headers)
    assert refused[0] == status
    assert refused == send(paths.django, token, **accepted | headers)
