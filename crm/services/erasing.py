"""Erases the traces of a record in the tables of crm: rows about it, and rows that name whom it stands for.

Rows are changed here past the other services: the history must not keep what is erased.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_
from typing import Any
from urllib.parse import quote_plus

from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from crm.actors import Actor
from crm.models import (
    Activity,
    AuditEntry,
    Event,
    ExportJob,
    Filesystem,
    HistoryEntry,
    IdempotencyKey,
    ImportJob,
    ImportKind,
    ImportRow,
    ImportRowError,
    ImportStatus,
    ListView,
    Message,
    Notification,
    SocialChannel,
    WebhookDelivery,
)
from crm.models.files import FileLink, link_models
from crm.models.imports import STORED_BELOW, UNFINISHED
from crm.models.records import Record
from crm.services import file_quota, orphans

ERASED = "[erased]"
#: Shorter texts name nobody, and would be found everywhere.
SHORTEST_IDENTIFIER = 5
#: What is left of an entry in the ledger of an import whose record is erased.
FORGOTTEN: dict[str, Any] = {"changes": {}, "before": None, "hash": "", "message": "", "undo_message": ""}
#: Rows that are changed by one statement.
BATCH = 500


@dataclass(kw_only=True)
class Erasure:
    """One erasure: who asks for it, by which texts the person is known, and what was done so far."""

    actor: Actor
    identifiers: frozenset[str]
    counts: Counter[str] = field(default_factory=Counter)

    def remove(self, rows: QuerySet[Any], what: str = "") -> None:
        """Delete rows, with all that belongs to them alone."""
        number = rows.count()
        if number:
            rows.delete()
            self.counts[what or f"{rows.model._meta.verbose_name_plural} removed"] += number

    def wipe(self, rows: QuerySet[Any], **columns: Any) -> None:
        """Overwrite columns of rows."""
        number = rows.update(**columns)
        if number:
            self.counts[f"{rows.model._meta.verbose_name_plural} emptied"] += number

    def count_versions(self, rows: QuerySet[Any]) -> None:
        """Count up the versions of records that answer something else now."""
        rows.update(version=F("version") + 1, updated_at=timezone.now())

    def naming(self, rows: QuerySet[Any], *columns: str) -> QuerySet[Any]:
        """Narrow rows to those that name the person in one of these columns, JSON included."""
        if not self.identifiers:
            return rows.none()
        shown = rows.annotate(**{f"{name}_text": Cast(name, TextField()) for name in columns})
        # As it is, within JSON, and within the address of a list.
        spelled = {
            text for each in self.identifiers for text in (each, json.dumps(each)[1:-1], quote_plus(each))
        }
        found = [Q(**{f"{name}_text__icontains": text}) for name in columns for text in sorted(spelled)]
        named: QuerySet[Any] = rows.model._base_manager.filter(
            pk__in=list(shown.filter(reduce(or_, found)).values_list("pk", flat=True))
        )
        return named

    def delete_content(self, name: str | None, what: str) -> None:
        """Delete a stored content once the erasure is committed."""
        if name:
            self.counts[what] += 1
            transaction.on_commit(partial(default_storage.delete, name), robust=True)


def identifiers_of(texts: Iterable[str | None]) -> frozenset[str]:
    """Return those of some texts that are long enough to name one person."""
    return frozenset(text.strip() for text in texts if text and len(text.strip()) >= SHORTEST_IDENTIFIER)


def erase_records(erasure: Erasure, model: type[Model], entity: str, keys: Collection[int]) -> None:
    """Remove what crm holds about records: history, events, activities, talks, notifications and files."""
    about = {"content_type": ContentType.objects.get_for_model(model), "object_id__in": keys}
    erasure.remove(Notification.objects.filter(**about))
    activities = Activity.objects.filter(**about)
    erase_activities(erasure, activities)
    channels = SocialChannel.objects.filter(**about)
    _remove_files(
        erasure, Message, list(Message.objects.filter(channel__in=channels).values_list("pk", flat=True))
    )
    erasure.remove(channels)
    erasure.remove(HistoryEntry.objects.filter(**about))
    company = {"company_id": erasure.actor.company_id}
    erasure.remove(Event.objects.filter(**company, entity=entity, object_id__in=keys))
    erasure.remove(
        WebhookDelivery.objects.filter(**company, type__startswith=f"{entity}.", object_id__in=keys)
    )
    _remove_files(erasure, model, keys)
    if issubclass(model, Record):
        _empty_ledgers(erasure, model.entity_kind, keys)


def _empty_ledgers(erasure: Erasure, kind: str, keys: Collection[int]) -> None:
    """Leave nothing in the ledgers of imports that an undo could restore, or that knows a row again."""
    company = {"job__company_id": erasure.actor.company_id}
    erasure.wipe(ImportRow.objects.filter(**company, job__model=kind, object_id__in=keys), **FORGOTTEN)


def erase_activities(erasure: Erasure, activities: QuerySet[Activity]) -> None:
    """Remove activities with their events and notifications."""
    keys = list(activities.values_list("pk", flat=True))
    if not keys:
        return
    company = {"company_id": erasure.actor.company_id}
    erasure.remove(Event.objects.filter(**company, entity="activity", object_id__in=keys))
    erasure.remove(
        WebhookDelivery.objects.filter(**company, type__startswith="activity.", object_id__in=keys)
    )
    _empty_ledgers(erasure, ImportKind.ACTIVITY, keys)
    erasure.remove(Activity.objects.filter(pk__in=keys))


def _remove_files(erasure: Erasure, model: type[Model], keys: Sequence[int] | Collection[int]) -> None:
    """Remove the files of rows that are on no other row, with their contents."""
    links: list[type[FileLink]] = [each for each in link_models() if each.record_model() is model]
    for link in links:
        own = link.objects.filter(**{f"{link.record_field().name}__in": keys})
        files = set(own.values_list("file_id", flat=True))
        own.delete()
        for other in link_models():
            files -= set(other.objects.filter(file__in=files).values_list("file_id", flat=True))
        for file in Filesystem.objects.filter(pk__in=files):
            erasure.delete_content(file.stored.name if file.stored else None, "contents of files removed")
            file.delete()
            file_quota.release(file.company_id, file.size)
            erasure.counts["files removed"] += 1


def erase_mentions(erasure: Erasure) -> None:
    """Remove the person from rows about no record, and from the texts of other records."""
    company_id = erasure.actor.company_id
    # First: it leaves alone what the others look through.
    _remove_uploads(erasure)
    _stop_imports(erasure)
    _remove_refused_rows(erasure)
    for job in ExportJob.objects.filter(company_id=company_id).exclude(stored=None).exclude(stored=""):
        # Whether the person is in a file cannot be known without reading all of it.
        erasure.delete_content(job.stored.name, "files of exports removed")
        ExportJob.objects.filter(pk=job.pk).update(stored=None, size=0)
    for model, columns in REMOVED.items():
        erasure.remove(erasure.naming(model._base_manager.filter(company_id=company_id), *columns))
    for model, values in EMPTIED.items():
        company = "job__company_id" if model in (ImportRow, ImportRowError) else "company_id"
        rows = model._base_manager.filter(**{company: company_id})
        for column, value in values.items():
            erasure.wipe(erasure.naming(rows, column), **{column: value})


#: Rows that are nothing without their text, by the columns that may name somebody.
REMOVED: dict[type[Model], Sequence[str]] = {
    IdempotencyKey: ("result", "answer", "key"),
    Notification: ("text", "key"),
    ListView: ("name", "query"),
}
#: Columns of other rows that may name somebody, with what is left of them then.
EMPTIED: dict[type[Model], dict[str, Any]] = {
    ImportRow: {"changes": {}, "before": None, "made": {}, "message": ERASED, "undo_message": ERASED},
    ImportRowError: {"message": ERASED, "field": None},
    ImportJob: {"filename": ERASED, "error": ERASED},
    ExportJob: {"where": None, "columns": [], "notes": [], "error": ERASED},
    AuditEntry: {"detail": ERASED},
    # Of records that had to do with the person once.
    HistoryEntry: {"changes": {}, "via": None},
    Event: {"changes": {}},
    WebhookDelivery: {"changes": {}, "error": ""},
    Activity: {"text": ERASED, "subject": ERASED, "outcome": ERASED},
    Message: {"message": ERASED},
    SocialChannel: {"name": ERASED, "description": None},
    Filesystem: {"name": ERASED, "attributes": None},
}


def _stop_imports(erasure: Erasure) -> None:
    """Stop imports that have not ended and name the person, and remove their input."""
    waiting = ImportJob.objects.filter(company_id=erasure.actor.company_id, status__in=UNFINISHED)
    named = set(erasure.naming(waiting, "payload").values_list("pk", flat=True))
    for job in waiting:
        given: Any = job.payload or {}
        stored = given.get("file") if isinstance(given, dict) else None
        if job.pk not in named and not (stored and _file_names(erasure, stored)):
            continue
        erasure.delete_content(stored, "files of imports removed")
        said = "Stopped, since a person of it was erased: take them out of the file and import it again."
        erasure.wipe(
            ImportJob.objects.filter(pk=job.pk),
            status=ImportStatus.FAILED,
            payload=None,
            error=said,
            leased_by="",
        )


def _remove_refused_rows(erasure: Erasure) -> None:
    """Remove the files of refused rows that name the person."""
    for job in ImportJob.objects.filter(company_id=erasure.actor.company_id).exclude(rejects=""):
        if job.rejects and _file_names(erasure, job.rejects):
            erasure.delete_content(job.rejects, "files of imports removed")
            ImportJob.objects.filter(pk=job.pk).update(rejects="")


def _remove_uploads(erasure: Erasure) -> None:
    """Remove uploaded files that name the person and that no job waits with: those of plans among them."""
    company_id = erasure.actor.company_id
    jobs = ImportJob.objects.filter(company_id=company_id)
    handled = {*jobs.filter(status__in=UNFINISHED).values_list("payload__file", flat=True)}
    handled |= {*jobs.exclude(rejects="").values_list("rejects", flat=True)}
    directory = f"{STORED_BELOW}/{company_id}"
    for name in orphans.names_in(directory):
        stored = f"{directory}/{name}"
        if stored not in handled and _file_names(erasure, stored):
            erasure.delete_content(stored, "files of imports removed")
    ended = jobs.exclude(status__in=UNFINISHED).exclude(payload=None)
    erasure.wipe(erasure.naming(ended, "payload"), payload=None)


def _file_names(erasure: Erasure, name: str) -> bool:
    """Return whether a stored file names the person; a workbook or archive is taken to."""
    try:
        with default_storage.open(name, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return False
    if content[:2] in (b"PK", b"\x1f\x8b"):
        return True
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
    lowered = text.casefold()
    return any(
        each.casefold() in lowered or each.encode().decode("latin-1").casefold() in lowered
        for each in erasure.identifiers
    )
