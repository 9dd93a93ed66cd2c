"""Options of reading a file, and the bounds of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from crm.errors import BadUserInput

DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
#: The header stands in one of so many lines, unless it is named.
HEADER_LINES = 20
MOST_COLUMNS = 2_000
LONGEST_LINE = 4 * 1024 * 1024
LONGEST_CELL = 131_072


class FileRefused(BadUserInput):
    """The file as a whole cannot be read; the message names the line and says what to do.

    Options stand in messages as they are typed on the command line, such as ``--sheet People``.
    """


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of a compressed file, and of the process that reads an XLSX file.

    These are for uploads: a small one must not fill the disk or the memory.
    """

    rows: int = 100_000
    unpacked_bytes: int = 150 * 1024 * 1024
    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 20


#: An operator at the command line may load all that the format holds.
COMMAND_LIMITS = Limits(
    rows=1_048_575,
    unpacked_bytes=2 * 1024 * 1024 * 1024,
    memory_bytes=3 * 1024 * 1024 * 1024,
    cpu_seconds=300,
)


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """Options of reading a file; those that are None are recognised.

    ``delimiter`` is the sign itself, ``header_row`` counts lines from 1.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the options among some values by name."""
        return cls(**{name: values.get(name) for name in cls.__annotations__})
