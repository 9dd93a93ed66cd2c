"""Files over a real server: sent by a browser's own form, given out in pieces, and cut off at the limit."""

import base64
import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import NODE, Api, free_port, make_company, reading
from tests.file_samples import PDF, png
from tests.forks import warm
from tests.patience import PATIENCE_SECONDS

PHOTO = png() + bytes(3_000_000)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def api(directory: Path, migrated_file: Path) -> Iterator[Api]:
    """One server on SQLite that keeps files in a directory of its own."""
    shutil.copy(migrated_file, directory / "db.sqlite3")
    env = environment(
        DEVELOPMENT, DATABASE_URL=f"sqlite:///{directory}/db.sqlite3", FILES_ROOT=str(directory / "kept")
    )
    with warm(env) as forking:
        _company, token = make_company(forking)
        api = Api(free_port(), token)
        with reading(forking.start("manage.py", "serve", "--port", str(api.port))) as lines:
            api.wait_until_up(lines)
            yield api


def download(api: Api, path: str, token: str) -> tuple[int, bytes, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{api.port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return response.status, response.read(), response.headers
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), refused.headers


@pytest.mark.node
def test_browser_s_form_is_taken_and_the_files_come_back(api: Api, directory: Path) -> None:
    lead = api.data('mutation { createLead(input: { title: "Deal" }) { id } }')["createLead"]["id"]
    files = {"Größe 1.png": PHOTO[:50_000], "offer.pdf": PDF}
    encoded = [part for name, content in files.items() for part in (name, base64.b64encode(content).decode())]

    sent = subprocess.run(
        ["node", "upload.mjs", f"http://127.0.0.1:{api.port}/graphql", api.token, lead, *encoded],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert sent.returncode == 0, sent.stderr
    answer = json.loads(sent.stdout)
    rows = answer["body"]["data"]["attachFilesToLead"]["files"]
    assert [(row["name"], row["type"], row["size"]) for row in rows] == [
        ("Größe 1.png", "image/png", 50_000),
        ("offer.pdf", "application/pdf", len(PDF)),
    ]
    for row, content in zip(rows, files.values(), strict=True):
        status, body, headers = download(api, row["url"], api.token)
        assert (status, body, headers["Content-Length"]) == (200, content, str(len(content)))
        assert headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert download(api, row["url"], "crm_wrong")[0] == 401
    kept = [path for path in (directory / "kept").rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in kept} == set(files.values())
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def form(content: bytes) -> tuple[bytes, str]:
    """Return the body of a multipart request, and its type."""
    query = "mutation ($file: Upload!) { upload(file: $file) { size url } }"
    fields = {
        'name="operations"': json.dumps({"query": query, "variables": {"file": None}}).encode(),
        'name="map"': b'{"0": ["variables.file"]}',
        'name="0"; filename="photo.png"': content,
    }
    parts = [
        b"--x\r\nContent-Disposition: form-data; " + name.encode() + b"\r\n\r\n" + value + b"\r\n"
        for name, value in fields.items()
    ]
    return b"".join([*parts, b"--x--\r\n"]), "multipart/form-data; boundary=x"


def test_large_file_goes_in_and_comes_out_in_pieces(api: Api) -> None:
    body, content_type = form(PHOTO)
    request = urllib.request.Request(
        f"http://127.0.0.1:{api.port}/graphql",
        data=body,
        headers={"Authorization": f"Bearer {api.token}", "Content-Type": content_type},
    )

    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
        [row] = json.load(response)["data"].values()

    assert row["size"] == len(PHOTO)
    assert download(api, row["url"], api.token)[1] == PHOTO


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
def test_body_over_the_limit_is_cut_off(api: Api, content_type: str) -> None:
    announced = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        "Content-Length: 400000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(announced.encode())

        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_body_of_no_announced_length_is_cut_off(api: Api) -> None:
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode())
        # The server stops reading soon, and closes.
        with suppress(ConnectionError):
            for _ in range(41):
                connection.sendall(chunk)

        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")
