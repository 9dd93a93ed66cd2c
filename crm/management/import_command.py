"""The base of the commands that import a file; each app names its own kind of rows."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Actor, Door
from crm.authentication import actor_for
from crm.errors import Forbidden, NotFound
from crm.importing.files.options import COMMAND_LIMITS
from crm.importing.report import Summary
from crm.importing.running import run_import
from crm.importing.sources import Source
from crm.management.arguments import company_of, ensure_ready, refusals_as_command_errors, user_of
from crm.management.import_options import add_import_options, import_options
from crm.management.signals import SIGNAL_BASE, until_signal
from crm.models import DuplicatePolicy
from crm.records.row_import import RowImport

ROWS_REFUSED = 3


class ImportCommand(BaseCommand):
    """Imports a file through the services of an app.

    Exit codes: 0 all rows stored, 1 nothing could be done, 2 wrong usage, 3 rows were refused, 130 and 143
    stopped by a signal after the row at work.
    """

    row_import: ClassVar[type[RowImport]]
    #: Whether a row may mean a record that exists.
    finds_duplicates: ClassVar[bool] = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help="CSV, TSV, XLSX, JSON Lines or vCard, also in gzip; - is standard input"
        )
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--as", required=True, dest="username", metavar="USERNAME", help="who acts; a manager or admin"
        )
        parser.add_argument("--dry-run", action="store_true", help="try every row, store nothing")
        add_import_options(parser)
        if self.finds_duplicates:
            parser.add_argument(
                "--on-duplicate",
                choices=[policy.value.lower() for policy in DuplicatePolicy],
                default=DuplicatePolicy.CREATE.value.lower(),
                help="what a row does whose record exists (default: create another)",
            )
        parser.add_argument(
            "--split-phones",
            action="store_true",
            help="part a cell with several phone numbers instead of refusing its row",
        )
        parser.add_argument("--json", action="store_true", help="print the summary as a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ready()
        actor = self._actor(options["username"], options["company"])
        policy = DuplicatePolicy(options.get("on_duplicate", DuplicatePolicy.CREATE.value).upper())
        with (
            opened(options["file"]) as file,
            until_signal() as (_, received),
            refusals_as_command_errors(),
        ):
            summary = run_import(
                file,
                self.row_import(actor, policy, split_phones=options["split_phones"]),
                actor=actor,
                options=import_options(options),
                limits=COMMAND_LIMITS,
                on_opened=lambda source: self._tell(source, is_wanted=options["verbosity"] > 1),
                dry_run=options["dry_run"],
                may_update=policy != DuplicatePolicy.CREATE,
                on_error=lambda error: self.stderr.write(str(error)),
                is_stopped=lambda: bool(received),
            )
        self.stdout.write(json.dumps(summary.counts()) if options["json"] else str(summary))
        self._exit(summary, received)

    def _tell(self, source: Source, *, is_wanted: bool) -> None:
        """Write what was recognised to standard error, unless it is a plain file of our own columns."""
        if is_wanted or not source.is_plain:
            for line in source.lines():
                self.stderr.write(line, style_func=str)

    def _actor(self, username: str, company_id: str) -> Actor:
        user, company = user_of(username), company_of(company_id)
        try:
            return actor_for(user, company, door=Door.IMPORT)
        except (NotFound, Forbidden) as error:
            raise CommandError(f"{username} is not an active member of {company}.") from error

    def _exit(self, summary: Summary, received: list[int]) -> None:
        if summary.stopped:
            raise CommandError("Stopped by a signal.", returncode=SIGNAL_BASE + received[0])
        if summary.failed:
            raise CommandError(f"{summary.failed} of {summary.total} rows failed.", returncode=ROWS_REFUSED)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading; standard input is copied to a temporary file, since it is read twice.

    :raises CommandError: if it cannot be opened.
    """
    if path == "-":
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
