"""Requests that pass Django by have an id and a line in the log all the same."""

import logging

import pytest
from asgiref.testing import ApplicationCommunicator

from config.asgi import STREAM_PATH, application
from config.logs import request_id

ID = "x-request-id"


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "crm.requests")
    return lambda: [record for record in caplog.records if record.name == "crm.requests"]


def asking(**headers: str) -> ApplicationCommunicator:
    sent = {"host": "localhost", "accept": "text/event-stream", **headers}
    return ApplicationCommunicator(
        application,
        {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": STREAM_PATH,
            "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
        },
    )


async def headers_of(communicator):
    await communicator.send_input({"type": "http.request", "body": b"{}", "more_body": False})
    start = await communicator.receive_output()
    return start["status"], dict(start["headers"])


async def test_answer_carries_an_id_and_its_end_is_logged(lines):
    communicator = asking(content_type="text/plain")
    status, headers = await headers_of(communicator)
    await communicator.receive_output()
    await communicator.wait()

    assert len(headers[ID.encode()]) == 32
    [line] = lines()
    assert (line.method, line.path, line.status) == ("POST", STREAM_PATH, status)
    assert request_id.get() == "-"


@pytest.mark.parametrize(("proxies", "is_kept"), [(1, True), (0, False)])
async def test_only_a_proxy_of_ours_may_choose_the_id(settings, proxies, is_kept):
    settings.TRUSTED_PROXY_COUNT = proxies
    communicator = asking(content_type="text/plain", x_request_id="chosen-by-proxy")
    _, headers = await headers_of(communicator)
    await communicator.receive_output()
    await communicator.wait()

    assert (headers[ID.encode()] == b"chosen-by-proxy") is is_kept


@pytest.mark.django_db(transaction=True)
async def test_client_that_leaves_early_is_logged_as_such(lines):
    communicator = asking(content_type="application/json")
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.wait()

    [line] = lines()
    assert line.status == 499
