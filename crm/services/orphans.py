"""Removes orphaned files: rows without a record, and contents without a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from crm.database.batches import Batch
from crm.models.files import STORED_BELOW, Filesystem, link_models
from crm.services import file_quota

#: Files looked at in one statement.
WINDOW = 2_000


@dataclass(frozen=True, kw_only=True)
class Removed:
    """The numbers of removed files and contents."""

    files: int
    contents: int


def remove_orphans(*, before: datetime, dry_run: bool = False, batch: Batch = transaction.atomic) -> Removed:
    """Remove the orphaned files of all companies that are older than a moment."""
    files = sum(1 for key in _without_record(before) if dry_run or _remove_file(key, batch))
    contents = 0
    for name in _contents_without_file(before):
        if not dry_run:
            with batch():
                default_storage.delete(name)
        contents += 1
    if not dry_run:
        with batch():
            file_quota.recount()
    return Removed(files=files, contents=contents)


def _without_record(before: datetime) -> Iterator[int]:
    """Yield the keys of files on no record, looking at so many files in one statement."""
    last = 0
    while keys := list(
        Filesystem.objects.filter(pk__gt=last, created_at__lt=before)
        .order_by("pk")
        .values_list("pk", flat=True)[:WINDOW]
    ):
        last = keys[-1]
        yield from _orphans().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True)


def _orphans() -> QuerySet[Filesystem]:
    files = Filesystem.objects.all()
    for model in link_models():
        files = files.exclude(Exists(model.objects.filter(file=OuterRef("pk"))))
    return files


def _remove_file(key: int, batch: Batch) -> bool:
    with batch():
        # Whoever puts the file on a record locks it as well: it is looked at once more under the lock, and
        # left alone while another has it.
        file = Filesystem.objects.select_for_update(skip_locked=True).filter(pk=key).first()
        if file is None or not _orphans().filter(pk=key).exists():
            return False
        if file.stored.name:
            transaction.on_commit(partial(default_storage.delete, file.stored.name), robust=True)
        file.delete()
        file_quota.release(file.company_id, file.size)
    return True


def _contents_without_file(before: datetime) -> Iterator[str]:
    for company in names_in(STORED_BELOW, directories=True):
        directory = f"{STORED_BELOW}/{company}"
        names = {f"{directory}/{name}" for name in names_in(directory)}
        known = set(Filesystem.objects.filter(company=int(company)).values_list("stored", flat=True))
        for name in sorted(names - known):
            # A file is written before its row is committed.
            if written_before(name, before):
                yield name


def names_in(directory: str, *, directories: bool = False) -> list[str]:
    """Return the names of the files in a directory of the storage, or of the directories of companies."""
    try:
        below, files = default_storage.listdir(directory)
    except FileNotFoundError:
        return []
    return [name for name in below if name.isdigit()] if directories else files


def written_before(name: str, moment: datetime) -> bool:
    """Return whether a stored file is older than a moment; false if it is gone meanwhile."""
    try:
        return default_storage.get_modified_time(name) < moment
    except FileNotFoundError:
        return False
