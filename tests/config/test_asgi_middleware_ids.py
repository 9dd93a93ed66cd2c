"""Event streams, which Django does not serve, have a request id and a log line too."""

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


def stream_request(**headers: str) -> ApplicationCommunicator:
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


async def test_answer_has_an_id_and_its_end_is_logged(lines):
    communicator = stream_request(content_type="text/plain")
    status, headers = await headers_of(communicator)
    await communicator.receive_output()
    await communicator.wait()

    assert len(headers[ID.encode()]) == 32
    [line] = lines()
    assert (line.method, line.path, line.status) == ("POST", STREAM_PATH, status)
    assert request_id.get() == "-"


@pytest.mark.parametrize(("proxies", "is_accepted"), [(1, True), (0, False)])
async def test_only_a_trusted_proxy_may_choose_the_id(settings, proxies, is_accepted):
    settings.TRUSTED_PROXY_COUNT = proxies
    communicator = stream_request(content_type="text/plain", x_request_id="chosen-by-proxy")
    _, headers = await headers_of(communicator)
    await communicator.receive_output()
    await communicator.wait()

    assert (headers[ID.encode()] == b"chosen-by-proxy") is is_accepted


@pytest.mark.django_db(transaction=True)
async def test_client_that_disconnects_early_is_logged_as_499(lines):
    communicator = stream_request(content_type="application/json")
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.wait()

    [line] = lines()
    assert line.status == 499
