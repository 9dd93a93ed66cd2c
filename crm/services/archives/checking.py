"""Checks an archive before anything of it is stored: what it is, and that it is whole."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any, cast

from django.core.exceptions import ValidationError

from crm.models import Company
from crm.services.archives import format as archive
from crm.services.archives.tables import tables

NO_ARCHIVE = "This is no archive of a company: manage.py export_company writes one."
DAMAGED = "The archive is damaged: {part} is not what was written. Copy or export it again."
NEWER = "The archive is of a newer version of the product: update this installation first."
#: Errors of a zip that is cut, changed, encrypted or packed by an unknown method.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
MOST_MANIFEST_BYTES = 4 * 1024 * 1024


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """Return the zip of an archive.

    :raises ValidationError: if it is none.
    """
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ValidationError(NO_ARCHIVE) from error


def read_manifest(package: zipfile.ZipFile) -> archive.Manifest:
    """Return the manifest of an archive that this installation can read.

    :raises ValidationError: if it is another file, or of a newer version.
    """
    try:
        if package.getinfo(archive.MANIFEST).file_size > MOST_MANIFEST_BYTES:
            raise ValidationError(NO_ARCHIVE)
        manifest = json.loads(package.read(archive.MANIFEST))
    except (KeyError, *UNREADABLE) as error:
        raise ValidationError(NO_ARCHIVE) from error
    if not isinstance(manifest, dict) or manifest.get("format") != archive.FORMAT:
        raise ValidationError(NO_ARCHIVE)
    try:
        _check_version(cast(archive.Manifest, manifest))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValidationError(DAMAGED.format(part=archive.MANIFEST)) from error
    return cast(archive.Manifest, manifest)


def _check_version(manifest: archive.Manifest) -> None:
    if manifest["version"] > archive.VERSION:
        raise ValidationError(NEWER)
    columns = {table.label: {field.attname for field in table.fields} for table in tables()}
    for part in manifest["tables"]:
        if not set(part["columns"]) <= columns.get(part["model"], set()):
            raise ValidationError(NEWER)


def check_is_new(manifest: archive.Manifest, name: str) -> None:
    """Refuse a company that is here already, or whose name is.

    :raises ValidationError: in one sentence.
    """
    if Company.objects.filter(uuid=manifest["company"]["uuid"]).exists():
        raise ValidationError("This company is here already: nothing is overwritten. Delete it first.")
    if Company.objects.filter(name=name).exists():
        raise ValidationError(f"There is a company {name} already: import this one with --name OTHER.")


def check_content(package: zipfile.ZipFile, manifest: archive.Manifest) -> None:
    """Compare every part of an archive with the hash that was taken when it was written.

    :raises ValidationError: naming the first that differs.
    """
    for table in manifest["tables"]:
        _check(package, archive.table_part(table["model"]), table)
    _check(package, archive.FILES, manifest["files"])
    with package.open(archive.FILES) as lines:
        for line in lines:
            file = json.loads(line)
            _check(package, archive.file_part(file["uuid"]), file)


def _check(package: zipfile.ZipFile, name: str, told: Mapping[str, Any]) -> None:
    hashed = hashlib.sha256()
    try:
        with package.open(name) as part:
            while chunk := part.read(archive.CHUNK):
                hashed.update(chunk)
    except (KeyError, *UNREADABLE) as error:
        raise ValidationError(DAMAGED.format(part=name)) from error
    if hashed.hexdigest() != told["sha256"]:
        raise ValidationError(DAMAGED.format(part=name))
