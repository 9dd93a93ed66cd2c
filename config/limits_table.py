"""The table of limits in docs/api.md, made from the code; with ``--write``, written there.

To add a limit: a field of ``Limits`` or ``SocketLimits`` needs an entry of its name in ``DOCUMENT`` or
``SOCKET``; any other limit is a ``Row`` in ``others()``.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import django

from config.environment import (
    API_RATE_LIMIT_DEFAULT,
    GRAPHQL_MAX_ANSWER_BYTES_DEFAULT,
    GRAPHQL_MAX_OBJECTS_DEFAULT,
    REQUEST_DEADLINE_DEFAULT,
)

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
BEGIN, END = "<!-- limits: begin, written by make limits-write -->\n", "<!-- limits: end -->"
KILO, MEGA = 1024, 1024 * 1024


class Row(NamedTuple):
    """A limit: its name, its value as people read it, and what it counts."""

    name: str
    value: str
    meaning: str


#: The fields of ``crm.graphql.limits.Limits``: the unit of the value, and what is counted.
DOCUMENT = {
    "depth": ("levels", "fields inside fields, through fragments; those of introspection are free"),
    "cost": ("", "objects that the answer may hold: see [below](#cost-and-points)"),
    "page": ("", "`first` of a list; also of a nested one"),
    "page_default": ("", "`first` where a paginated list has none"),
    "unpaged_list": ("", "cost of a nested list without `first`"),
    "aliases": ("", "aliases, and fields repeated in one selection; each use of a fragment counts"),
    "root_fields": ("", "fields at the root of one operation"),
    "operations": ("", "operations of a document"),
    "fragments": ("", "fragments of a document"),
    "tokens": ("", "tokens of a document, without comments"),
    "text": ("characters", "the text of a document"),
    "comments": ("", "comments of a document"),
    "body": ("bytes", "the body of a request, its query string, and each field of a multipart form"),
    "file": ("bytes", "each file of a multipart form"),
    "files": ("", "files of a multipart form"),
    "directives_per_node": ("", "directives at one place"),
    "directives": ("", "directives of a document"),
    "variables": ("", "variables of an operation"),
    "list_items": ("", "items of one list in the input, in the document or in variables"),
    "input_depth": ("levels", "lists and objects inside one value of the input"),
    "errors": ("", "errors in one answer; further ones are left out"),
}
#: The fields of ``crm.graphql.websocket.bounds.SocketLimits``, likewise.
SOCKET = {
    "init_seconds": ("s", "from the handshake to `connection_init`, else the socket is closed with 4408"),
    "silence_seconds": ("s", "without a frame of the client, after which it counts as gone"),
    "stalled_seconds": ("s", "in which a client reads nothing, after which it is disconnected"),
    "frame": ("bytes", "one message, else the socket is closed with 4400"),
    "operations": ("", 'operations at a time on one socket (`limit: "socket_operations"`)'),
    "sockets_per_user": ("", "sockets and event streams at a time of one user in one process"),
}
#: Fields that say nothing to a client: how the server works.
UNTOLD = {
    "kept_tokens",
    "ping_seconds",
    "comment_seconds",
    "rights_seconds",
    "close_seconds",
    "waiting_events",
    "waiting_answers",
}


def told_fields(bounds: object, told: Mapping[str, tuple[str, str]], *, prefix: str = "") -> list[Row]:
    """Return the rows of the fields of a class of limits; a field that is not described raises KeyError."""
    values: Any = bounds
    names = [field.name for field in fields(values) if field.name not in UNTOLD]
    return [
        Row(prefix + name, written(getattr(values, name), told[name][0]), told[name][1]) for name in names
    ]


def others() -> list[Row]:
    """Return the limits that are neither of a document nor of a socket."""
    from crm.graphql.core.list_fields import LARGEST_LIST
    from crm.services.idempotency import LONGEST_KEY
    from leads.models import LeadReceiver
    from leads.models.receivers import MOST_ORIGINS
    from leads.routing.payloads import LARGEST_BODY

    rate: Any = LeadReceiver._meta.get_field("rate_limit")
    return [
        Row(
            "`API_RATE_LIMIT`",
            written(API_RATE_LIMIT_DEFAULT, "points"),
            "points a minute of a token, or of all sessions of a user; a setting, without a limit in debug",
        ),
        Row(
            "`GRAPHQL_MAX_OBJECTS`",
            written(GRAPHQL_MAX_OBJECTS_DEFAULT, ""),
            'objects of one answer, counted while it is made (`limit: "objects"`)',
        ),
        Row(
            "`GRAPHQL_MAX_ANSWER_BYTES`",
            written(GRAPHQL_MAX_ANSWER_BYTES_DEFAULT, "bytes"),
            'JSON of one answer (`limit: "bytes"`)',
        ),
        Row("plain list", written(LARGEST_LIST, ""), "rows of a nested list without `first`"),
        Row(
            "`REQUEST_DEADLINE`",
            written(REQUEST_DEADLINE_DEFAULT, "s"),
            "from the arrival of a request to its answer, else `TIMEOUT`",
        ),
        Row("`Idempotency-Key`", written(LONGEST_KEY, "characters"), "kept for 24 hours"),
        Row("receiver: body", written(LARGEST_BODY, "bytes"), "one delivery"),
        Row(
            "receiver: `rate_limit`",
            written(rate.default, ""),
            "deliveries a minute; each receiver has its own",
        ),
        Row("receiver: `allowed_origins`", written(MOST_ORIGINS, ""), "sites that one receiver names"),
    ]


def written(value: float, unit: str) -> str:
    """Return a number as people read it: 262144 bytes are 256 KB."""
    if unit == "bytes":
        size, unit = (MEGA, "MB") if value >= MEGA else (KILO, "KB")
        return f"{value / size:g} {unit}"
    return f"{value:,.10g} {unit}".strip()


def table() -> str:
    from crm.graphql.limits import limits
    from crm.graphql.websocket.bounds import socket_limits

    rows = [
        *told_fields(limits(), DOCUMENT),
        *told_fields(socket_limits(), SOCKET, prefix="socket: "),
        *others(),
    ]
    return "\n".join(["| limit | at most | of |", "|---|---|---|", *map(_line, rows)]) + "\n"


def _line(row: Row) -> str:
    name = row.name if "`" in row.name or ":" in row.name else f"`{row.name}`"
    return f"| {name} | {row.value} | {row.meaning} |"


def with_table(page: str) -> str:
    """Return a page with the present table between its two markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} lacks the markers of the table.")
    return f"{before}{begin}\n{table()}\n{end}{after}"


def main(arguments: Sequence[str]) -> int:
    """Print the table, or write it; the exit code is 1 if the page differs and is not written."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    page = PAGE.read_text()
    wanted = with_table(page)
    if list(arguments) == ["--write"]:
        PAGE.write_text(wanted)
        return 0
    sys.stdout.write(table())
    return 0 if page == wanted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
