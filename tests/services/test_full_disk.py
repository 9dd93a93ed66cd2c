"""A disk without room: uploads and imports are refused as a whole, and go through once there is room."""

import errno
import io
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from crm.errors import StorageUnavailable
from crm.importing.files.table import open_table
from crm.models import Filesystem, FileUsage, ImportJob
from crm.services.contents import refused_when_full
from crm.services.tokens import create_token
from tests.file_samples import PDF, png, upload

MEGABYTE = 1024 * 1024
#: What a file may grow to. SQLite's own files in these tests are smaller.
ROOM = 16 * MEGABYTE
PICTURE = png() + bytes(18 * MEGABYTE)
TABLE = b"firstname,address\n" + (b"Bob," + b"x" * 40_000 + b"\n") * (18 * MEGABYTE // 40_000)


@contextmanager
def no_room(limit: int = ROOM) -> Iterator[None]:
    """Have the system refuse to let any file of this process grow further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def kept(settings, tmp_path):
    """Return the directory of all that is stored, also in between."""
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": storage | {"OPTIONS": {"location": tmp_path / "stored"}},
    }
    (tmp_path / "begun").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "begun"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * ROOM
    return tmp_path


@pytest.fixture
def send(tenant):
    token = create_token(tenant.users["admin"], tenant.company, name="program")[1]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}

    def send(query, *files):
        many = len(files) > 1
        variables = {"files": [None] * len(files)} if many else {"file": None}
        paths = {str(at): [f"variables.files.{at}" if many else "variables.file"] for at in range(len(files))}
        operations = json.dumps({"query": query, "variables": variables})
        fields = {"operations": operations, "map": json.dumps(paths)}
        return Client().post("/graphql", fields | dict(zip(paths, files, strict=True)), headers=headers)

    return send


UPLOADS = (
    "mutation ($files: [Upload!]!) { multiUpload(files: $files) { name } }",
    lambda: (upload("offer.pdf", PDF), SimpleUploadedFile("plan.png", PICTURE)),
)
IMPORTS = (
    "mutation ($file: Upload!) { importFile(file: $file, model: PEOPLE, dry_run: true) { status } }",
    lambda: (SimpleUploadedFile("people.csv", TABLE),),
)


def is_refused(response, caplog):
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}
    assert error["message"].startswith("The file could not be stored: the storage is full")
    [line] = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert (line.name, line.exc_info) == ("crm.database", None)
    assert line.getMessage().startswith("The storage failed at ")
    return line.getMessage()


def nothing_is_left(kept):
    rows = (
        Filesystem.objects.count(),
        ImportJob.objects.count(),
        FileUsage.objects.filter(files__gt=0).count(),
    )
    return rows == (0, 0, 0) and not [path for path in kept.rglob("*") if path.is_file()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [UPLOADS, IMPORTS], ids=["upload", "import"])
@pytest.mark.parametrize("place", ["in memory", "in a temporary file"])
def test_disk_is_full(kept, send, settings, caplog, change, place):
    query, files = change
    if place == "in a temporary file":
        settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0

    with no_room():
        refused = send(query, *files())

    assert "EFBIG" in is_refused(refused, caplog)
    assert nothing_is_left(kept)
    # The key did not keep the refusal either.
    accepted = send(query, *files())
    assert (accepted.status_code, "errors" in accepted.json()) == (200, False), accepted.content
    assert not nothing_is_left(kept)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [UPLOADS, IMPORTS], ids=["upload", "import"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("SlowDown")]
)
def test_storage_fails_after_it_has_written(kept, send, monkeypatch, caplog, change, error):
    query, files = change
    save: Any = FileSystemStorage._save  # type: ignore[attr-defined]  # the method for storages of one's own

    def fail_late(storage, name, content):
        save(storage, name, content)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", fail_late)
        refused = send(query, *files())

    assert type(error).__name__ in is_refused(refused, caplog)
    assert nothing_is_left(kept)
    assert send(query, *files()).status_code == 200


def test_sheet_whose_rows_do_not_fit_is_no_faulty_sheet():
    book = Workbook()
    for number in range(4_000):
        book.active.append([f"Name {number}", f"{number}@example.com"])
    file = io.BytesIO()
    book.save(file)
    file.seek(0)

    with no_room(50_000), pytest.raises(StorageUnavailable), refused_when_full(), open_table(file):
        pytest.fail("There was room.")
    file.seek(0)
    with open_table(file) as table:
        assert sum(1 for _ in table.rows()) == 3_999


def test_other_errors_of_the_system_stay_what_they_are():
    with pytest.raises(PermissionError), refused_when_full():
        raise PermissionError(errno.EACCES, "Permission denied")
