"""The manifest of an archive, and the names of its parts."""

import hashlib
from typing import IO, Any, TypedDict

#: Raised by one when an older product could not read a new archive.
VERSION = 1
FORMAT = "crm-company-archive"
MANIFEST = "manifest.json"
#: One line for each stored file: uuid, size and hash.
FILES = "files.jsonl"
CHUNK = 1024 * 1024


class PartOfTable(TypedDict):
    """The lines of one table."""

    model: str
    columns: list[str]
    rows: int
    sha256: str
    #: The keys of its rows lie between these; 0 and 0 without rows.
    first: int
    last: int


class Manifest(TypedDict):
    """The format of an archive, and its contents."""

    format: str
    version: int
    company: dict[str, str]
    made_at: str
    #: Rows that all companies share, by table and key: what every installation knows them by.
    shared: dict[str, dict[str, str]]
    tables: list[PartOfTable]
    files: dict[str, Any]


def table_part(label: str) -> str:
    return f"tables/{label}.jsonl"


def file_part(uuid: object) -> str:
    return f"files/{uuid}"


class HashedWriter:
    """Writes to a part of an archive, and hashes and counts what it writes."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part, self._hash, self.size = part, hashlib.sha256(), 0

    def write(self, content: bytes) -> None:
        self._part.write(content)
        self._hash.update(content)
        self.size += len(content)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()
