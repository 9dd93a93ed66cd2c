"""Turns an uploaded file into an import job, after checking that the whole file can be read."""

import hashlib
import re
import uuid
from typing import BinaryIO

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.files import File

from crm.actors import Action, Actor
from crm.importing import job_records
from crm.importing.files.options import FileRefused
from crm.importing.jobs import run_if_short
from crm.importing.mappings import find_mapping, with_saved, with_titles
from crm.importing.options import ImportOptions, MappingRefused
from crm.importing.sources import open_source
from crm.models.base import pick
from crm.models.imports import STORED_BELOW, DuplicatePolicy, ImportJob, ImportStatus
from crm.records.registry import import_kind
from crm.services import nesting
from crm.services.contents import refused_when_full, remove_content, write_content

#: How much of a file is read at a time, in bytes.
PIECE = 1 << 20
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
#: Arguments that are called otherwise than the options of the command line.
ARGUMENTS = {"map": "mapping", "column": "columns", "null-marker": "null_markers", "set": "constants"}


def start_file_job(
    upload: File[bytes],
    model: str,
    *,
    actor: Actor,
    mapping: object,
    on_duplicate: DuplicatePolicy,
    dry_run: bool,
    options: ImportOptions | None = None,
    split_phones: bool = False,
    plan: str | None = None,
    mapping_name: str | None = None,
) -> ImportJob:
    """Store a job for a file, and run it at once if it is short.

    :param plan: the UUID of a dry run of the same file, of which the job does exactly what it said.

    :param mapping: titles of columns to fields; null leaves a column out; others are known by their names.
    :param split_phones: part cells with several phone numbers instead of refusing them.
    :param mapping_name: the name of a saved mapping, before which all other options come.
    :raises ValidationError: keyed by the argument that cannot be understood.
    """
    actor.require(Action.IMPORT)
    options = with_titles(options or ImportOptions(), mapping)
    if mapping_name is not None:
        try:
            saved = find_mapping(mapping_name, model, actor=actor)
        except MappingRefused as refused:
            raise ValidationError({"mapping_name": [refused.message]}) from refused
        options, split_phones = with_saved(options, saved), split_phones or saved.split_phones
    rows = import_kind(model).row_import
    try:
        with refused_when_full(), open_source(upload, rows, actor=actor, options=options) as source:
            total = source.check()
        upload.seek(0)
        digest = digest_of(upload)
        upload.seek(0)
        # Wrapped: a storage would move an upload that is a file of its own, which is still needed here.
        stored = write_content(_new_name(actor.company_id), File(upload))
    except MappingRefused as refused:
        raise ValidationError({"mapping": [in_words_of_the_api(refused.message)]}) from refused
    except FileRefused as refused:
        raise ValidationError({"file": [in_words_of_the_api(refused.message)]}) from refused
    payload = {"file": stored, "options": options.as_json(), "split_phones": split_phones}
    identity = [digest, options.as_json(), split_phones]
    is_new = False
    try:
        planned = None if plan is None else _dry_run(plan, model, identity, on_duplicate, actor)
        with nesting.renamed({NON_FIELD_ERRORS: "file"}):
            job, is_new = job_records.open_job(
                model,
                payload,
                actor=actor,
                total=total,
                on_duplicate=on_duplicate,
                dry_run=dry_run,
                filename=(upload.name or "")[:255] or None,
                digest=digest,
                identity=identity,
                plan=None if planned is None else planned.uuid,
            )
    finally:
        if not is_new:
            remove_content(stored)
    return run_if_short(job, actor=actor) if is_new else job


def _dry_run(
    key: str, model: str, identity: object, on_duplicate: DuplicatePolicy, actor: Actor
) -> ImportJob:
    """Return the dry run whose plan is to be applied.

    :raises NotFound: if there is none.
    :raises ValidationError: if it is one of another import.
    """
    ended = ImportJob.objects.visible_to(actor).filter(dry_run=True, status=ImportStatus.COMPLETED)
    job = pick(ended, key, argument="plan")
    # Another member may have made it.
    same = job_records.fingerprint_of(
        model, identity, user_id=job.user_id, on_duplicate=on_duplicate, dry_run=True
    )
    if job.fingerprint != same:
        message = "This dry run was of another file, or had other options. Make a new one."
        raise ValidationError({"plan": [message]})
    return job


def _new_name(company_id: int) -> str:
    return f"{STORED_BELOW}/{company_id}/{uuid.uuid4().hex}"


def digest_of(file: File[bytes] | BinaryIO) -> str:
    """Return the SHA-256 of what is left to read of a file."""
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def in_words_of_the_api(message: str) -> str:
    """Return a message with arguments of ``importFile`` in place of options of the command line."""
    return _OPTION.sub(lambda found: ARGUMENTS.get(found[1], found[1].replace("-", "_")), message)
