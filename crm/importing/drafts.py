"""Uploaded files that somebody looks at before they are imported: they are kept until a plan is applied.

A file is stored once. Its signed key leads from page to page; the dry run that is made of it keeps the file
too, so that the plan can be applied without another upload. One that is left lying is removed as any stored
file is that no job waits for.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from django.core import signing
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.files.base import File
from django.core.files.storage import default_storage

from crm.actors import Action, Actor
from crm.errors import BadUserInput, NotFound
from crm.importing import job_records
from crm.importing.jobs import run_if_short
from crm.importing.options import ImportOptions
from crm.importing.sources import open_source
from crm.importing.uploads import digest_of
from crm.models.imports import STORED_BELOW, DuplicatePolicy, ImportJob, ImportKind, ImportStatus
from crm.records.registry import import_kind
from crm.services import nesting
from crm.services.contents import refused_when_full, write_content

#: Stored files that no job waits for are removed after a day.
LONGEST_SECONDS = 24 * 60 * 60
SALT = "crm.importing.drafts"
GONE = "The uploaded file is gone: it is kept for a day, and until it is imported. Upload it again."


class FileGone(BadUserInput):
    """The stored file was imported or removed."""

    default_message = GONE


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A stored file: its key in the storage, its name, and what its rows are."""

    company_id: int
    file: str
    filename: str
    model: ImportKind

    @property
    def token(self) -> str:
        """The signed form, which may stand in an address."""
        values = [self.company_id, self.file, self.filename, self.model.value]
        return signing.dumps(values, salt=SALT, compress=True)

    @classmethod
    def read(cls, token: str, actor: Actor) -> Self:
        """Return the draft of a token.

        :raises NotFound: if it is none, too old, or of another company.
        """
        try:
            company_id, file, filename, model = signing.loads(token, salt=SALT, max_age=LONGEST_SECONDS)
        except signing.BadSignature as wrong:
            raise NotFound("file") from wrong
        if company_id != actor.company_id:
            raise NotFound("file")
        return cls(company_id=company_id, file=file, filename=filename, model=ImportKind(model))


def store_draft(upload: File[bytes], model: ImportKind, *, actor: Actor) -> Draft:
    """Store an uploaded file to look at.

    :raises StorageUnavailable: if the storage does not take it.
    """
    actor.require(Action.IMPORT)
    name = f"{STORED_BELOW}/{actor.company_id}/{uuid.uuid4().hex}"
    # Wrapped: a storage would move an upload that is a file of its own.
    stored = write_content(name, File(upload))
    filename = (upload.name or "")[:255]
    return Draft(company_id=actor.company_id, file=stored, filename=filename, model=model)


def draft_of(job: ImportJob) -> Draft | None:
    """Return the file that a plan was made of, if it is still kept to be applied."""
    given: Any = job.payload or {}
    if not job.dry_run or not given.get(job_records.KEPT) or not default_storage.exists(given["file"]):
        return None
    return Draft(
        company_id=job.company_id,
        file=given["file"],
        filename=job.filename or "",
        model=ImportKind(job.model),
    )


def make_plan(
    draft: Draft,
    options: ImportOptions,
    *,
    actor: Actor,
    on_duplicate: DuplicatePolicy,
    split_phones: bool = False,
) -> ImportJob:
    """Store a dry run of a file, which keeps the file, and run it at once if it is short.

    :raises FileRefused: if the file cannot be understood.
    :raises FileGone: if it is not there any more.
    :raises ValidationError: if the company has too many imports open.
    """
    actor.require(Action.IMPORT)
    rows = import_kind(draft.model).row_import
    with opened(draft) as file:
        digest = digest_of(file)
        file.seek(0)
        with open_source(file, rows, actor=actor, options=options) as source:
            total = source.check()
    job, is_new = _open_job(
        draft,
        {"options": options.as_json(), "split_phones": split_phones, job_records.KEPT: True},
        actor=actor,
        total=total,
        on_duplicate=on_duplicate,
        digest=digest,
        dry_run=True,
    )
    return run_if_short(job, actor=actor) if is_new else job


def apply_plan(plan: ImportJob, *, actor: Actor) -> ImportJob:
    """Import a file as its dry run says, at once if it is short. The same plan again is the same import.

    :raises FileGone: if the file is not there any more.
    :raises BadUserInput: if the dry run has not ended, or the file is being imported.
    """
    actor.require(Action.IMPORT)
    jobs = ImportJob.objects.visible_to(actor)
    applied = jobs.filter(plan=plan.uuid).order_by("-pk").first()
    if applied is not None:
        return applied
    if not plan.dry_run or plan.status != ImportStatus.COMPLETED:
        raise BadUserInput("There is no plan to apply: wait for its end, or make a new one.")
    draft = draft_of(plan)
    if draft is None:
        raise FileGone
    if jobs.unfinished().filter(dry_run=False, payload__file=draft.file).exists():
        raise BadUserInput("This file is being imported by another plan: wait for its end.")
    payload: Any = plan.payload
    job, is_new = _open_job(
        draft,
        {name: payload[name] for name in ("options", "split_phones")},
        actor=actor,
        total=plan.total,
        on_duplicate=DuplicatePolicy(plan.on_duplicate),
        digest=plan.digest,
        dry_run=False,
        plan=plan.uuid,
    )
    return run_if_short(job, actor=actor) if is_new else job


def _open_job(
    draft: Draft, payload: Mapping[str, Any], *, actor: Actor, digest: str, **given: Any
) -> tuple[ImportJob, bool]:
    # As an upload of the API is known, which may apply the plan too.
    identity = [digest, payload["options"], payload["split_phones"]]
    with nesting.renamed({NON_FIELD_ERRORS: "file"}):
        return job_records.open_job(
            draft.model,
            {**payload, "file": draft.file},
            actor=actor,
            filename=draft.filename or None,
            digest=digest,
            identity=identity,
            **given,
        )


@contextmanager
def opened(draft: Draft) -> Iterator[File[bytes]]:
    """Yield the stored file of a draft.

    :raises FileGone: if it was imported or removed.
    """
    try:
        file = default_storage.open(draft.file)
    except FileNotFoundError as missing:
        raise FileGone from missing
    with file, refused_when_full():
        yield file
