"""Stored files and their contents."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from crm.actors import Action, Actor
from crm.models.files import Filesystem, stored_name
from crm.services import file_quota, saving
from crm.services.contents import remove_content, write_content
from crm.services.file_types import TYPES, type_of
from crm.services.nesting import within

LARGEST_FILE = 20 * 1024 * 1024
#: File systems and mail programs take names of so many bytes.
LONGEST_NAME = 255
EXTENSION = re.compile(r"(.*)(\.[A-Za-z0-9]{1,10})")
ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)

_written: ContextVar[list[str] | None] = ContextVar("files written by the present change", default=None)


@contextmanager
def removed_on_failure() -> Iterator[None]:
    """Delete the contents stored in this block if it fails: a rollback undoes rows, but not files."""
    written: list[str] = []
    token = _written.set(written)
    try:
        yield
    except BaseException:
        for name in written:
            remove_content(name)
        raise
    finally:
        _written.reset(token)


def clean_name(name: str) -> str:
    """Return the last part of a file's name without invisible characters, safe to show and to save as."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(sign for sign in ENCODED_CONTROL.sub("", last) if unicodedata.category(sign)[0] != "C")
    named = EXTENSION.fullmatch(" ".join(seen.split()))
    stem, tail = named.groups() if named else (" ".join(seen.split()), "")
    room = LONGEST_NAME - len(tail.encode())
    shortened = stem.encode(errors="ignore")[:room].decode(errors="ignore")
    return (shortened.strip(". ") or "file") + tail


@transaction.atomic
def store_file(
    upload: File[bytes], *, actor: Actor, name: str | None = None, attributes: object = None
) -> Filesystem:
    """Store an upload and its row."""
    actor.require(Action.CHANGE_FILES)
    sent = clean_name(upload.name or "")
    extension = _extension(sent)
    called = clean_name(name) if name else sent
    # A title such as "Offer 2.0" has no extension of a type.
    if _extension(called) not in TYPES:
        called = clean_name(f"{called}.{extension}")
    # Before the content is read.
    if (upload.size or 0) > LARGEST_FILE:
        raise ValidationError(f"A file may have at most {LARGEST_FILE // 1024**2} MB.")
    file_quota.check_room(actor.company_id, upload.size or 0)
    type_ = type_of(upload, extension)
    if TYPES[_extension(called)] != type_:
        raise ValidationError("The extension of the name must match the type of the file.")
    row = Filesystem(
        company_id=actor.company_id,
        user_id=actor.user_id,
        name=called,
        type=type_,
        size=upload.size,
        attributes=attributes,
    )
    row.stored.name = store_content(stored_name(row, ""), upload)
    file_quota.reserve(actor.company_id, upload.size or 0)
    saving.store(row, actor=actor)
    return row


@transaction.atomic
def store_files(uploads: Sequence[File[bytes]], *, actor: Actor) -> list[Filesystem]:
    """Store several files, or none of them.

    :raises ValidationError: keyed ``files.N``, if one is refused.
    """
    rows = []
    for index, upload in enumerate(uploads):
        with within(f"files.{index}"):
            rows.append(store_file(upload, actor=actor))
    return rows


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def store_content(name: str, upload: File[bytes]) -> str:
    """Store a content, which ``removed_on_failure`` removes again; return the name that the storage chose."""
    # Not the upload itself: a storage may move a temporary file, which can be sent for two places.
    written = write_content(name, File(upload.file))
    names = _written.get()
    if names is not None:
        names.append(written)
        # What is stored stays, even if the answer to it fails.
        transaction.on_commit(partial(names.remove, written))
    return written
