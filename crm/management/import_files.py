"""The files of an import command: what it reads, and what it writes beside it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import CommandError

STANDARD_INPUT = "-"


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading; standard input is copied to a temporary file, since it is read twice.

    :raises CommandError: if it cannot be opened.
    """
    if path == STANDARD_INPUT:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy
        return
    try:
        file = open(path, "rb")  # noqa: SIM115 - only errors of opening are caught
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    with file:
        yield file


def rejects_path(path: str, given: str | None) -> Path | None:
    """Return where refused rows go: the option, else a new file beside the input; None for standard input."""
    if given is not None or path == STANDARD_INPUT:
        return None if given is None else Path(given)
    name = Path(path)
    stem = Path(name.stem).stem if name.suffix.lower() == ".gz" else name.stem
    for number in count(1):
        free = name.with_name(f"{stem}.rejects{'' if number == 1 else f'-{number}'}.csv")
        # Somebody may be correcting an earlier one.
        if not free.exists():
            return free
    return None


def check_writable(path: Path, option: str) -> None:
    """Refuse a path that no file can be written to, before anything is stored.

    :raises CommandError: with the reason.
    """
    directory = path.parent
    if path.is_dir() or not directory.is_dir() or not os.access(directory, os.W_OK):
        reason = "it is a directory" if path.is_dir() else f"{directory} is no directory to write to"
        raise CommandError(f"Cannot write {option} {path}: {reason}.")


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file that only its owner reads; it appears when it is whole.

    :raises CommandError: if it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb+") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise CommandError(
            f"Cannot write {path}: {error.strerror}. The rows are imported as told; --rejects names another"
            " place, where the same command writes the file without importing anything again."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
