"""Reads the GraphQL documents to register: single documents, or manifests of client tools."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from graphql import GraphQLSchema

from crm.errors import CrmError
from crm.graphql.documents import hash_of
from crm.graphql.execution import Refused, check_document
from crm.graphql.limits import limits
from crm.services.registered_documents import NewDocument

APOLLO = "apollo-persisted-query-manifest"
APOLLO_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A document in a file, its first line, and the hash that the file names for it, if any."""

    text: str
    line: int
    digest: str | None = None


class BadEntry(Exception):
    """A document that cannot be registered; the message names file and line."""


def read_entries(path: Path) -> list[Entry]:
    """Read the documents of a file: a manifest of Apollo or Relay if its name ends with .json, else one."""
    try:
        # As it stands, line ends included: its hash is that of its bytes.
        text = path.read_bytes().decode()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"Cannot read {path}: it is not UTF-8.") from error
    if path.suffix.lower() != ".json":
        return [Entry(text=text, line=1)]
    try:
        bodies = dict(_bodies(json.loads(text)))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is no manifest of Apollo or Relay: {error}.") from error
    return [
        Entry(text=body, digest=digest.removeprefix("sha256:"), line=_line_of(digest, text))
        for digest, body in bodies.items()
    ]


def _bodies(manifest: object) -> Iterator[tuple[str, str]]:
    """Yield the hashes and texts of a manifest: an object of them from Relay, a list from Apollo."""
    if not isinstance(manifest, dict):
        raise ValueError("it is no object")
    if "format" not in manifest:
        pairs = list(manifest.items())
    elif (manifest["format"], manifest.get("version")) != (APOLLO, APOLLO_VERSION):
        raise ValueError(f"its format is not {APOLLO} of version {APOLLO_VERSION}")
    elif not isinstance(manifest.get("operations"), list):
        raise ValueError("it has no list of operations")
    else:
        pairs = [
            (each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None)
            for each in manifest["operations"]
        ]
    for digest, body in pairs:
        if not isinstance(digest, str) or not isinstance(body, str):
            raise ValueError("an operation has no id or no text")
        yield digest, body


def _line_of(digest: str, text: str) -> int:
    before, _, _ = text.partition(json.dumps(digest))
    return before.count("\n") + 1


def checked(entry: Entry, path: Path, schema: GraphQLSchema) -> NewDocument:
    """Check a document against its hash, the limits and the schema.

    :raises BadEntry: if it does not stand that, with file and line.
    """
    digest = hash_of(entry.text)
    if entry.digest is not None and entry.digest.lower() != digest:
        raise BadEntry(f"{path}:{entry.line}: {entry.digest} is not the SHA-256 of its text.")
    try:
        document = check_document(schema, entry.text, limits())
    except CrmError as error:
        raise BadEntry(f"{path}:{entry.line}: {error.message}") from error
    except RecursionError as error:
        raise BadEntry(f"{path}:{entry.line}: The document is nested too deeply.") from error
    except Refused as refused:
        raise BadEntry(
            "\n".join(f"{path}:{_line(entry, error)}: {error['message']}" for error in refused.errors)
        ) from refused
    if not document.operations:
        raise BadEntry(f"{path}:{entry.line}: The document has no operation.")
    names = [each.name.value if each.name else f"a {each.operation.value}" for each in document.operations]
    return NewDocument(digest=digest, name=", ".join(names), text=entry.text)


def _line(entry: Entry, error: dict[str, Any]) -> int:
    # In a manifest a document is one line of JSON, whatever its own lines are.
    if entry.digest is not None or not error.get("locations"):
        return entry.line
    line: int = error["locations"][0]["line"]
    return line
