"""Uploaded files: which are accepted, refused or sanitized, and which contents are deleted."""

import struct
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connections, transaction
from django.utils import timezone

from crm.errors import Forbidden, StorageUnavailable
from crm.models import Filesystem
from crm.services import orphans
from crm.services.file_types import MOST_PIXELS
from crm.services.files import LARGEST_FILE, clean_name, removed_on_failure, store_file
from crm.services.record_files import attach_stored, detach_files
from leads.services.leads import create_lead, delete_lead
from tests.file_samples import GOOD, PDF, archive, gif, jpeg, office, ole, png, upload, webp
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
XML = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'


@pytest.fixture(autouse=True)
def _own_storage(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


def contents():
    """Return the names of all stored contents."""
    companies = default_storage.listdir("files")[0] if default_storage.exists("files") else []
    return {
        f"files/{company}/{name}"
        for company in companies
        for name in default_storage.listdir(f"files/{company}")[1]
    }


@pytest.mark.parametrize("name", GOOD)
def test_accepted_types(actors, name):
    row = store_file(upload(name, GOOD[name]), actor=actors.agent)

    assert (row.name, row.size, row.user_id) == (name, len(GOOD[name]), actors.agent.user_id)
    with row.stored.open("rb") as stored_content:
        assert stored_content.read() == GOOD[name]
    assert contents() == {row.stored.name}
    assert name.rpartition(".")[0] not in str(row.stored.name)


REFUSED = {
    "markup as such": ("page.html", HTML),
    "picture of markup": ("logo.svg", SVG),
    "data of markup": ("data.xml", XML),
    "program": ("setup.exe", b"MZ" + bytes(60)),
    "script": ("run.sh", b"#!/bin/sh\n"),
    "archive": ("all.zip", archive("a")),
    "page as text": ("page.txt", HTML),
    "picture of markup as text": ("logo.csv", b"\n  " + SVG),
    "data of markup as text": ("data.txt", XML),
    "page as a picture": ("page.png", HTML),
    "picture of markup as a picture": ("logo.jpg", SVG),
    "page as a document": ("page.pdf", HTML),
    "document after something else": ("offer.pdf", b"GIF89a" + PDF),
    "archive after a picture": ("photo.docx", jpeg() + office("word/document.xml")),
    "archive as a document": ("letter.docx", archive("a")),
    "document of another program": ("letter.docx", office("xl/workbook.xml")),
    "document with programs": ("letter.docx", office("word/document.xml", "word/vbaProject.bin")),
    "broken archive": ("letter.docx", b"PK\x03\x04" + bytes(60)),
    "old document of another program": ("sheet.xls", ole("WordDocument")),
    "last extension decides": ("offer.pdf.exe", PDF),
    "hidden extension": ("offer.exe\u202efdp.", PDF),
    "no extension": ("offer", PDF),
    "extension after a null": ("run.sh%00.pdf", b"#!/bin/sh\n"),
    "picture of another type": ("photo.png", jpeg()),
    "picture that ends early": ("photo.png", png()[:18]),
    "picture without a frame": ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10" + bytes(14) + b"\xff\xd9"),
    "picture without an area": ("photo.gif", gif(0, 3)),
    "nothing": ("notes.txt", b""),
    "text with nulls": ("notes.txt", b"a\0b"),
    "text with control characters": ("notes.csv", b"\x1b[2J"),
    "no text": ("notes.txt", b"\x81\x8d\x8f\xff"),
    "half of a wide text": ("notes.txt", b"\xff\xfea"),
    "bitmap of many pixels": ("bomb.png", png(2**31 - 1, 2**31 - 1)),
    "photo of many pixels": ("bomb.jpg", jpeg(65_500, 65_500)),
    "animation of many pixels": ("bomb.gif", gif(65_535, 65_535)),
    "web picture of many pixels": ("bomb.webp", webp(b"VP8X", bytes(4) + b"\xff" * 6)),
    "web picture of no kind": ("logo.webp", webp(b"ICCP", bytes(20))),
}


@pytest.mark.parametrize("case", REFUSED)
def test_hostile_file_is_refused(actors, case):
    name, content = REFUSED[case]

    with pytest.raises(ValidationError):
        store_file(upload(name, content), actor=actors.agent)

    assert not Filesystem.objects.exists()
    assert contents() == set()


def test_picture_at_the_limit_of_pixels_is_accepted(actors):
    assert MOST_PIXELS == 10_000 * 10_000

    store_file(upload("large.png", png(10_000, 10_000)), actor=actors.agent)
    with pytest.raises(ValidationError, match="pixels"):
        store_file(upload("larger.png", png(10_000, 10_001)), actor=actors.agent)


def test_a_photo_with_too_many_segments_is_refused_in_time(actors):
    endless = b"\xff\xd8" + (b"\xff\xe0" + struct.pack(">H", 2)) * 500_000

    with pytest.raises(ValidationError):
        store_file(upload("photo.jpg", endless), actor=actors.agent)


def test_a_file_larger_than_the_limit_is_refused(actors):
    assert store_file(upload("a.pdf", PDF.ljust(LARGEST_FILE)), actor=actors.agent).size == LARGEST_FILE

    with pytest.raises(ValidationError, match="20 MB"):
        store_file(upload("a.pdf", PDF.ljust(LARGEST_FILE + 1)), actor=actors.agent)

    assert len(contents()) == 1


HARMLESS = {
    "../../etc/offer.pdf": "offer.pdf",
    "/etc/cron.d/offer.pdf": "offer.pdf",
    "C:\\Windows\\offer.pdf": "offer.pdf",
    "..\\offer.pdf": "offer.pdf",
    "offer%00.pdf": "offer.pdf",
    "offer\r\nSet-Cookie: a=b.pdf": "offerSet-Cookie: a=b.pdf",
    "off\u202eer.pdf": "offer.pdf",
    "off\u200ber.pdf": "offer.pdf",
    "  .offer .pdf": "offer.pdf",
    ".pdf": "file.pdf",
    "...pdf": "file.pdf",
    "Über uns.pdf": "Über uns.pdf",
    "U\u0308ber uns.pdf": "Über uns.pdf",
    "契約書.pdf": "契約書.pdf",
    "offer.php.pdf": "offer.php.pdf",
    'a";x="b.pdf': 'a";x="b.pdf',
    "a" * 400 + ".pdf": "a" * 251 + ".pdf",
    "ü" * 400 + ".pdf": "ü" * 125 + ".pdf",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_names_are_sanitized(name):
    cleaned = clean_name(name)

    assert cleaned == HARMLESS[name]
    assert len(cleaned.encode()) <= 255
    assert not [sign for sign in cleaned if unicodedata.category(sign).startswith("C") or sign in "/\\"]


def test_a_given_name_keeps_the_extension(actors):
    named = store_file(upload("scan.pdf"), actor=actors.agent, name="Contract 7.4")

    assert named.name == "Contract 7.4.pdf"
    with pytest.raises(ValidationError, match="must match the type"):
        store_file(upload("scan.pdf"), actor=actors.agent, name="Contract.docx")


def test_viewer_stores_nothing(actors):
    with pytest.raises(Forbidden):
        store_file(upload("a.pdf"), actor=actors.viewer)

    assert contents() == set()


def test_failed_write_leaves_neither_row_nor_content(actors, monkeypatch):
    def half(storage, name, content, max_length=None):
        storage._save(name, content)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", half)
    with pytest.raises(StorageUnavailable):
        store_file(upload("a.pdf"), actor=actors.agent)

    assert not Filesystem.objects.exists()
    assert contents() == set()


def test_a_failed_transaction_removes_the_content(actors):
    def fail_late():
        with removed_on_failure(), transaction.atomic():
            store_file(upload("a.pdf"), actor=actors.agent)
            assert len(contents()) == 1
            raise RuntimeError("later")

    with pytest.raises(RuntimeError, match="later"):
        fail_late()

    assert not Filesystem.objects.exists()
    assert contents() == set()


def stored(actor, *, age_hours, name="a.pdf"):
    row = store_file(upload(name), actor=actor)
    Filesystem.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=age_hours))
    return row


def removed(**options):
    return orphans.remove_orphans(before=timezone.now() - timedelta(hours=24), **options)


def test_files_on_no_record_are_deleted_after_a_day(actors, django_capture_on_commit_callbacks):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    deleted = create_lead({"title": "Gone"}, actor=actors.agent)
    kept = [
        stored(actors.agent, age_hours=48),
        stored(actors.agent, age_hours=48),
        stored(actors.agent, age_hours=1),
    ]
    for row, record in zip(kept, (lead, deleted), strict=False):
        attach_stored(row.pk, "LEAD", record.pk, field_name=None, actor=actors.agent)
    delete_lead(deleted.pk, actor=actors.agent)
    taken_off = stored(actors.agent, age_hours=48)
    attach_stored(taken_off.pk, "LEAD", lead.pk, field_name=None, actor=actors.agent)
    detach_files({"uuid": taken_off.uuid}, actor=actors.agent)
    stored(actors.agent, age_hours=25)

    assert removed(dry_run=True) == orphans.Removed(files=2, contents=0)
    assert len(contents()) == 5
    with django_capture_on_commit_callbacks(execute=True):
        assert removed() == orphans.Removed(files=2, contents=0)

    assert set(Filesystem.objects.values_list("pk", flat=True)) == {row.pk for row in kept}
    assert contents() == {row.stored.name for row in kept}
    assert removed() == orphans.Removed(files=0, contents=0)


def test_contents_without_a_file_are_deleted(actors, tmp_path):
    row = stored(actors.agent, age_hours=1)
    name = f"files/{actors.agent.company_id}/left-behind"
    default_storage.save(name, upload("left-behind"))
    default_storage.save("imports/1/other", upload("other"))

    assert removed() == orphans.Removed(files=0, contents=0)
    found = orphans.remove_orphans(before=timezone.now() + timedelta(minutes=1), dry_run=True)
    assert found == orphans.Removed(files=1, contents=1)
    attach_stored(
        row.pk,
        "LEAD",
        create_lead({"title": "Deal"}, actor=actors.agent).pk,
        field_name=None,
        actor=actors.agent,
    )
    found = orphans.remove_orphans(before=timezone.now() + timedelta(minutes=1))
    assert found == orphans.Removed(files=0, contents=1)

    assert contents() == {row.stored.name}
    assert default_storage.exists("imports/1/other")


def test_an_empty_storage_is_not_an_error(actors):
    assert removed() == orphans.Removed(files=0, contents=0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_being_attached_is_kept(actors):
    row = stored(actors.agent, age_hours=48)
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    put, ended = threading.Event(), threading.Event()

    def attach():
        try:
            with transaction.atomic():
                attach_stored(row.pk, "LEAD", lead.pk, field_name=None, actor=actors.agent)
                put.set()
                assert ended.wait(PATIENCE_SECONDS)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        attaching = threads.submit(attach)
        assert put.wait(PATIENCE_SECONDS)
        meanwhile = removed()
        ended.set()
        attaching.result()

    assert meanwhile == removed() == orphans.Removed(files=0, contents=0)
    assert lead.file_links.get().file_id == row.pk
