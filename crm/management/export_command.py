"""The base of the commands that export records; each names what it exports."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door
from crm.exporting.formats import ExportFormat
from crm.exporting.jobs import rows_of
from crm.exporting.registry import exported_named
from crm.exporting.running import export_rows
from crm.management.arguments import ensure_ready, member_actor, refusals_as_command_errors


class ExportCommand(BaseCommand):
    """Writes the records that a member sees into a file that the import loads again.

    Exit codes: 0 done, 1 nothing was written, 2 wrong usage.
    """

    exported: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", default="-", help="file to write; - is standard output (default)"
        )
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--as", required=True, dest="username", metavar="USERNAME", help="who acts; a manager or admin"
        )
        parser.add_argument(
            "--format",
            choices=[each.lower() for each in ExportFormat],
            help="default: by the ending of the file, else csv",
        )
        parser.add_argument("--where", metavar="JSON", help="conditions, as the list of the API takes them")
        parser.add_argument(
            "--columns", metavar="A,B", help="columns in this order; custom_fields stands for all of them"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ready()
        if options["json"] and options["file"] == "-":
            raise CommandError(
                "--json needs a FILE: the export itself goes to standard output.", returncode=2
            )
        actor = member_actor(options["username"], options["company"], door=Door.COMMAND)
        exported = exported_named(self.exported)
        names = [name.strip() for name in (options["columns"] or "").split(",") if name.strip()]
        with refusals_as_command_errors():
            where = parse_where(options["where"])
            rows = rows_of(exported, where, actor)
            with written(options["file"]) as file:
                summary = export_rows(
                    exported.source(actor),
                    rows,
                    file,
                    file_format=_format(options["format"], options["file"]),
                    columns=names,
                    described=where,
                )
        for note in summary.notes:
            self.stderr.write(note, style_func=str)
        if options["json"]:
            told = {"rows": summary.rows, "columns": list(summary.columns), "notes": summary.notes}
            self.stdout.write(json.dumps(told))
        else:
            self.stderr.write(f"{summary.rows} rows, {len(summary.columns)} columns.", style_func=str)


def parse_where(text: str | None) -> object:
    """Return the JSON of a ``where`` as typed.

    :raises ValidationError: keyed ``where``, if it is no JSON.
    """
    try:
        return None if text is None else json.loads(text)
    except ValueError as refused:
        said = (
            f'This is no JSON: {refused}. Write it as {{"column": "NAME", "operator": "EQ", "value": "x"}}.'
        )
        raise ValidationError({"where": [said]}) from refused


def _format(given: str | None, path: str) -> ExportFormat:
    if given is not None:
        return ExportFormat(given.upper())
    ending = Path(path).suffix.removeprefix(".").upper()
    return ExportFormat(ending) if ending in list(ExportFormat) else ExportFormat.CSV


@contextmanager
def written(path: str) -> Iterator[IO[bytes]]:
    """Open a file to write, which only its owner may read and which is there once it is whole.

    :raises CommandError: if it cannot be written.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    try:
        # Of mode 0600, beside the target: a file that is renamed is there at once.
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from error
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        os.replace(name, target)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(f"Cannot write {path}: {error.strerror}.") from error
        raise
