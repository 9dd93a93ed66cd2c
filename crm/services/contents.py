"""Writing contents of files, where the disk or the storage may be full."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import File
from django.core.files.storage import default_storage

from crm.errors import StorageUnavailable

logger = logging.getLogger("crm.files")

#: No room, a quota is used up, and a limit of the process or the file system.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_content(name: str, content: File[bytes]) -> str:
    """Store a content under a new name, and return the name that the storage chose.

    :raises StorageUnavailable: if the storage does not take it; no part of it is left.
    """
    try:
        return default_storage.save(name, content)
    except BaseException as error:
        # A storage leaves what it had written until then.
        remove_content(name)
        if not isinstance(error, Exception):
            raise
        # Any error: each kind of storage has its own.
        raise StorageUnavailable from error


def remove_content(name: str) -> None:
    """Delete a stored content; a failure is only logged."""
    try:
        default_storage.delete(name)
    except Exception:
        # The caller reports what failed; remove_orphan_files deletes what is left.
        logger.exception("A stored file could not be removed.")


@contextmanager
def refused_when_full() -> Iterator[None]:
    """Refuse a request whose temporary files have no room.

    :raises StorageUnavailable: in place of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageUnavailable from error
