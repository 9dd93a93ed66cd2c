"""The number of files of a company and their bytes: kept in one row, bounded by settings, counted exactly."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest
from django.template.defaultfilters import filesizeformat

from crm.models.files import Filesystem, FileUsage

MEGABYTE = 1024 * 1024


def most_files() -> int | None:
    """Return how many files a company may keep, None for any number."""
    return settings.FILES_PER_COMPANY or None


def most_bytes() -> int | None:
    """Return how many bytes the files of a company may have, None for any number."""
    return settings.FILES_MB_PER_COMPANY * MEGABYTE or None


def usage_of(company_id: int) -> FileUsage:
    """Return what a company uses now, without a lock."""
    return FileUsage.objects.filter(pk=company_id).first() or FileUsage(company_id=company_id)


def check_room(company_id: int, size: int) -> None:
    """Refuse a file for which there is no room now, before its content is stored.

    :raises ValidationError: with the numbers.
    """
    used = usage_of(company_id)
    files, size_limit = most_files(), most_bytes()
    if files is not None and used.files >= files:
        raise ValidationError(
            f"Your company may keep {files} files and has {used.files}: delete files, or have the operator"
            " raise FILES_PER_COMPANY."
        )
    if size_limit is not None and used.bytes + size > size_limit:
        raise ValidationError(
            f"Your company may keep {_text(size_limit)} of files and has {_text(used.bytes)}: this one of"
            f" {_text(size)} does not fit. Delete files, or have the operator raise FILES_MB_PER_COMPANY."
        )


def _text(size: int) -> str:
    return filesizeformat(size).replace("\xa0", " ")


def reserve(company_id: int, size: int) -> None:
    """Count one more file in the transaction that stores it. Others who store files wait until its end.

    Call it as late as possible, and lock nothing after it.

    :raises ValidationError: with the numbers, if another file took the room.
    """
    more = {"files": F("files") + 1, "bytes": F("bytes") + size}
    # One statement finds the room and takes it: two uploads cannot both find the last of it.
    if _with_room(company_id, size).update(**more):
        return
    FileUsage.objects.bulk_create([FileUsage(company_id=company_id)], ignore_conflicts=True)
    if not _with_room(company_id, size).update(**more):
        check_room(company_id, size)
        # Room was made between the two statements.
        FileUsage.objects.filter(pk=company_id).update(**more)


def _with_room(company_id: int, size: int) -> QuerySet[FileUsage]:
    rows = FileUsage.objects.filter(pk=company_id)
    files, size_limit = most_files(), most_bytes()
    if files is not None:
        rows = rows.filter(files__lt=files)
    return rows if size_limit is None else rows.filter(bytes__lte=size_limit - size)


def release(company_id: int, size: int) -> None:
    """Count one file less, in the transaction that removes it."""
    FileUsage.objects.filter(pk=company_id).update(
        files=Greatest(F("files") - 1, 0), bytes=Greatest(F("bytes") - size, 0)
    )


def recount(company: int | None = None) -> None:
    """Count the files of a company, or of each, anew while nobody stores one, whoever wrote their rows."""
    stored = Filesystem.objects.all() if company is None else Filesystem.objects.filter(company=company)
    for company_id in stored.values_list("company", flat=True).distinct().order_by("company"):
        with transaction.atomic():
            FileUsage.objects.bulk_create([FileUsage(company_id=company_id)], ignore_conflicts=True)
            usage = FileUsage.objects.select_for_update().get(pk=company_id)
            counted = Filesystem.objects.filter(company=company_id).aggregate(
                files=Count("pk"), bytes=Coalesce(Sum("size"), 0)
            )
            usage.files, usage.bytes = counted["files"], counted["bytes"]
            usage.save(update_fields=["files", "bytes"])
