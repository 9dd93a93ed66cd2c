"""Removes orphaned files: rows without a record, and contents without a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from crm.models.files import STORED_BELOW, Filesystem, link_models
from crm.services import file_quota


@dataclass(frozen=True, kw_only=True)
class Removed:
    """The numbers of removed files and contents."""

    files: int
    contents: int


def remove_orphans(*, before: datetime, dry_run: bool = False) -> Removed:
    """Remove the orphaned files of all companies that are older than a moment."""
    keys = list(_without_record().filter(created_at__lt=before).order_by("pk").values_list("pk", flat=True))
    removed = [key for key in keys if dry_run or _remove_file(key)]
    names = list(_contents_without_file(before))
    for name in names:
        if not dry_run:
            default_storage.delete(name)
    if not dry_run:
        file_quota.recount()
    return Removed(files=len(removed), contents=len(names))


def _without_record() -> QuerySet[Filesystem]:
    files = Filesystem.objects.all()
    for model in link_models():
        files = files.exclude(Exists(model.objects.filter(file=OuterRef("pk"))))
    return files


@transaction.atomic
def _remove_file(key: int) -> bool:
    # Whoever puts the file on a record locks it as well: it is looked at once more under the lock, and left
    # alone while another has it.
    file = Filesystem.objects.select_for_update(skip_locked=True).filter(pk=key).first()
    if file is None or not _without_record().filter(pk=key).exists():
        return False
    if file.stored.name:
        transaction.on_commit(partial(default_storage.delete, file.stored.name), robust=True)
    file.delete()
    file_quota.release(file.company_id, file.size)
    return True


def _contents_without_file(before: datetime) -> Iterator[str]:
    for company in _names_in(STORED_BELOW, directories=True):
        directory = f"{STORED_BELOW}/{company}"
        names = {f"{directory}/{name}" for name in _names_in(directory)}
        known = set(Filesystem.objects.filter(company=int(company)).values_list("stored", flat=True))
        for name in sorted(names - known):
            # A file is written before its row is committed.
            if default_storage.get_modified_time(name) < before:
                yield name


def _names_in(directory: str, *, directories: bool = False) -> list[str]:
    try:
        below, files = default_storage.listdir(directory)
    except FileNotFoundError:
        return []
    return [name for name in below if name.isdigit()] if directories else files
