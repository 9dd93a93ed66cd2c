"""The limit on request bodies under an ASGI server."""

import json
from typing import Any

import pytest

from config.asgi_middleware import with_body_limit

JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"Multipart/form-data; boundary=x")
COOKIE = (b"cookie", b"a=b")


async def send(headers: list[Any], chunks: list[bytes], path: str = "/admin/") -> tuple[int, bytes, int]:
    """Send a body in chunks; return status and body of the answer, and the number of chunks read."""
    waiting = list(chunks)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def answer(message: Any) -> None:
        sent.append(message)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})

    scope = {"type": "http", "path": path, "headers": headers}
    await with_body_limit(application)(scope, receive, answer)
    return sent[0]["status"], sent[1]["body"], len(chunks) - len(waiting)


@pytest.fixture(autouse=True)
def _small(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    settings.GRAPHQL_LIMITS = {"file": 1_000, "files": 2, "body": 500}


@pytest.mark.parametrize(
    ("path", "headers", "most"),
    [
        ("/admin/", [JSON], 1_000),
        ("/admin/", [FORM, COOKIE], 2_000 + 1_000 + 64 * 1024),
        ("/graphql", [JSON, COOKIE], 500),
        ("/graphql", [FORM, (b"authorization", b"Bearer x")], 2_000 + 1_000 + 64 * 1024),
        # Nobody but a member uploads files.
        ("/graphql", [FORM], 500),
        ("/admin/", [FORM], 1_000),
        ("/receivers/1", [FORM, COOKIE], 256 * 1024),
    ],
)
async def test_declared_length_at_the_limit_is_read_and_one_over_is_not(
    path: str, headers: list[Any], most: int
) -> None:
    def length(number: int) -> list[Any]:
        return [*headers, (b"content-length", str(number).encode())]

    assert await send(length(most), [bytes(most)], path) == (200, b"read", 1)
    status, body, read = await send(length(most + 1), [bytes(most + 1)], path)

    assert (status, read) == (413, 0)
    answer = json.loads(body)
    if path == "/receivers/1":
        assert answer == {"message": "A delivery has at most 262144 bytes."}
    else:
        assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_body_without_a_declared_length_is_read_up_to_the_limit() -> None:
    assert await send([JSON], [bytes(500)] * 2) == (200, b"read", 2)

    status, _, read = await send([JSON], [bytes(500)] * 10)

    assert (status, read) == (413, 3)


async def test_body_without_a_content_type_has_the_small_limit() -> None:
    status, _, _ = await send([], [bytes(1_001)])

    assert status == 413
