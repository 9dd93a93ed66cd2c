"""Sessions that cannot be read or written, since the database is away: a page says so, in debug too."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError

pytestmark = pytest.mark.django_db

LEADS = "/admin/leads/lead/"


def away(*_arguments: object, **_options: object) -> None:
    raise OperationalError("connection to 10.0.0.1 failed")


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize("method", ["_get_session_from_db", "save"], ids=["read", "write"])
@pytest.mark.parametrize("kind", ["get", "post"])
def test_the_page_says_that_the_database_does_not_answer(
    signed_in, settings, monkeypatch, caplog, debug, method, kind
):
    browser = signed_in("admin")
    browser.raise_request_exception = False
    settings.DEBUG = debug
    settings.SESSION_SAVE_EVERY_REQUEST = method == "save"

    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, method, away)
        refused = getattr(browser, kind)(LEADS)

    page = refused.content.decode()
    assert (refused.status_code, refused.headers.get("Retry-After")) == (503, "5")
    assert "<h1>The database does not answer</h1>" in page
    assert "your browser sends your input again" in page or kind == "get"
    assert not [told for told in ("10.0.0.1", "Traceback", "OperationalError") if told in page]
    [line] = [each for each in caplog.records if each.levelname in ("WARNING", "ERROR")]
    assert line.exc_info is None
    assert "10.0.0.1" not in line.getMessage()
    assert browser.get(LEADS).status_code == 200
