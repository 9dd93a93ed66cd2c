"""The base of the commands that import a file; each app names its own kind of rows."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Actor, Door
from crm.authentication import actor_for
from crm.database.keys import parse_uuid
from crm.errors import Forbidden, NotFound
from crm.importing.files.options import COMMAND_LIMITS
from crm.importing.plans import Plan, PlannedRow, read_plan, write_plan
from crm.importing.processing import Processed
from crm.importing.rejects import refused_rows, write_rejects
from crm.importing.report import LEFT_OUT, Summary
from crm.importing.running import FileImport, error_of, opened_import
from crm.importing.sources import Source
from crm.management.arguments import company_of, ensure_ready, refusals_as_command_errors, user_of
from crm.management.import_files import STANDARD_INPUT, check_writable, opened, rejects_path, written
from crm.management.import_options import add_import_options, saved_or_typed
from crm.management.import_progress import shown_progress
from crm.management.signals import SIGNAL_BASE, until_signal
from crm.models import DuplicatePolicy, ImportJob, ImportRow
from crm.records.row_import import RowImport

ROWS_REFUSED = 3
#: Rows of a dry run that are printed; the plan has all.
MOST_PRINTED = 100


class ImportCommand(BaseCommand):
    """Imports a file through the services of an app.

    Exit codes: 0 all rows stored, 1 nothing could be done, 2 wrong usage, 3 rows were refused, 130 and 143
    stopped by a signal after the batch at work; the same command goes on.
    """

    row_import: ClassVar[type[RowImport]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help="CSV, TSV, XLSX, JSON Lines or vCard, also in gzip; - is standard input"
        )
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--as", required=True, dest="username", metavar="USERNAME", help="who acts; a manager or admin"
        )
        parser.add_argument("--dry-run", action="store_true", help="try every row, store nothing")
        parser.add_argument(
            "--plan", metavar="FILE", help="a dry run that writes what each row would do as JSON Lines"
        )
        parser.add_argument(
            "--apply",
            metavar="PLAN",
            help="do exactly what a plan says, by its file or the job of its dry run",
        )
        parser.add_argument(
            "--rejects", metavar="FILE", help="where refused rows go (default: NAME.rejects.csv beside FILE)"
        )
        add_import_options(parser)
        parser.add_argument(
            "--on-match",
            "--on-duplicate",
            choices=[policy.value.lower() for policy in DuplicatePolicy],
            default=DuplicatePolicy.UPDATE.value.lower(),
            help="what a row does whose record exists (default: update it)",
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
        for name in ("plan", "rejects"):
            if options[name]:
                check_writable(Path(options[name]), f"--{name}")
        if options["apply"] and (options["dry_run"] or options["plan"]):
            raise CommandError(
                "--apply stores what a plan says: leave --dry-run and --plan out.", returncode=2
            )
        path = options["file"]
        with (
            opened(path) as file,
            until_signal() as (_, received),
            refusals_as_command_errors(),
            opened_plan(options["apply"], actor) as plan,
            opened_import(
                file,
                self.row_import,
                actor=actor,
                options=saved_or_typed(options, self.row_import, actor),
                limits=COMMAND_LIMITS,
                on_opened=lambda source: self._tell(source, is_wanted=options["verbosity"] > 1),
                policy=DuplicatePolicy(options["on_match"].upper()),
                split_phones=options["split_phones"],
                filename=None if path == STANDARD_INPUT else Path(path).name[:255],
            ) as work,
        ):
            if options["save_mapping"]:
                self._say(f"Saved as mapping {work.save_mapping(options['save_mapping'])}.")
            job = work.open_job(dry_run=options["dry_run"] or bool(options["plan"]), plan=plan)
            summary = self._run(work, job, plan, received)
            rejects = self._write_files(work, job, summary, options)
        told = summary.counts() | ({"rejects": str(rejects)} if rejects else {})
        self.stdout.write(json.dumps(told) if options["json"] else str(summary))
        if summary.dry_run and not options["json"] and not options["plan"]:
            self._print_rows(job)
        self._exit(summary, received, rejects)

    def _run(self, work: FileImport, job: ImportJob, plan: Plan | None, received: list[int]) -> Summary:
        if job.processed:
            self.stderr.write(f"Goes on after {job.processed} of {job.total} rows.", style_func=str)
        done = job.processed
        stream = getattr(self.stderr, "_out", None)
        with shown_progress(stream, done=done, total=job.total, write=self._say) as advance:

            def report(processed: Processed) -> None:
                nonlocal done
                rows, errors = processed
                for error in errors:
                    self.stderr.write(str(error_of(error)))
                done += len(rows)
                advance(done)

            return work.run(job, plan=plan, on_batch=report, is_stopped=lambda: bool(received))

    def _say(self, line: str) -> None:
        self.stderr.write(line, style_func=str)

    def _write_files(
        self, work: FileImport, job: ImportJob, summary: Summary, options: dict[str, Any]
    ) -> Path | None:
        """Write the plan and the refused rows; return where the latter are."""
        if options["plan"] and not summary.stopped:
            with written(Path(options["plan"])) as file:
                text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
                write_plan(job, work.facts(), summary.counts(), text)
                text.detach()
        if not summary.failed or summary.stopped or (summary.dry_run and not options["rejects"]):
            return None
        path = rejects_path(options["file"], options["rejects"])
        if path is not None:
            with written(path) as file:
                write_rejects(work.source.table, refused_rows(job), file)
        return path

    def _print_rows(self, job: ImportJob) -> None:
        """Print what the first rows of a dry run would do."""
        for row in ImportRow.objects.filter(job=job).exclude(code=LEFT_OUT).order_by("number")[:MOST_PRINTED]:
            said = PlannedRow.of(row).as_json()
            target = f" {said.get('id') or f'that of line {row.of_row}'}" if row.action != "CREATE" else ""
            changes = "; ".join(
                f"{name}: {json.dumps(old, ensure_ascii=False)} -> {json.dumps(new, ensure_ascii=False)}"
                for name, (old, new) in row.changes.items()
            )
            parts = f"{said['action']}{target if row.object_id or row.of_row else ''}", changes or row.message
            self.stdout.write(f"line {row.number}: {': '.join(part for part in parts if part)}")
        if job.processed > MOST_PRINTED:
            self.stdout.write("--plan FILE writes all rows.")

    def _tell(self, source: Source, *, is_wanted: bool) -> None:
        """Write what was recognised to standard error, unless it is a plain file of our own columns."""
        if is_wanted or not source.is_plain:
            for line in source.lines():
                self._say(line)

    def _actor(self, username: str, company_id: str) -> Actor:
        user, company = user_of(username), company_of(company_id)
        try:
            return actor_for(user, company, door=Door.IMPORT)
        except (NotFound, Forbidden) as error:
            raise CommandError(f"{username} is not an active member of {company}.") from error

    def _exit(self, summary: Summary, received: list[int], rejects: Path | None) -> None:
        if summary.stopped:
            raise CommandError(
                "Stopped by a signal. The same command goes on where it stopped.",
                returncode=SIGNAL_BASE + received[0],
            )
        if summary.failed:
            where = f" They are in {rejects}: correct them, and import that file." if rejects else ""
            raise CommandError(
                f"{summary.failed} of {summary.total} rows failed.{where}", returncode=ROWS_REFUSED
            )


@contextmanager
def opened_plan(name: str | None, actor: Actor) -> Iterator[Plan | None]:
    """Yield the plan that is named by its file or by the job of its dry run."""
    if name is None:
        yield None
        return
    if Path(name).exists():
        with opened(name) as file, io.TextIOWrapper(file, encoding="utf-8") as lines:
            yield read_plan(lines)
        return
    key = parse_uuid(name)
    dry_runs = ImportJob.objects.visible_to(actor).filter(dry_run=True, status="COMPLETED")
    job = None if key is None else dry_runs.filter(uuid=key).first()
    if job is None:
        raise CommandError(f"There is no plan {name}: name a file of --plan, or the job of a dry run.")
    yield Plan(job=job.uuid, fingerprint=job.fingerprint, user_id=job.user_id)
