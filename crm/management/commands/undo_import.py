"""Undo an import."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door
from crm.authentication import actor_for
from crm.database.keys import parse_uuid
from crm.errors import Forbidden, NotFound
from crm.importing import undo, undo_records
from crm.importing.undo import Undone
from crm.management.arguments import ensure_ready, refusals_as_command_errors, user_of
from crm.management.import_progress import shown_progress
from crm.management.signals import SIGNAL_BASE, until_signal
from crm.models import ImportJob, ImportRow, UndoState

ROWS_KEPT = 3


class Command(BaseCommand):
    """Undoes an import.

    Exit codes: 0 all of it is undone, 1 nothing could be done, 2 wrong usage, 3 records were kept, since
    somebody changed them, 130 and 143 stopped by a signal after the batch at work; the same command goes on.
    """

    help = (
        "Delete what an import made, and give what it changed its old values back, where nobody changed it"
        " since; see docs/imports.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "job", help="the job, as the import printed it with --json, and as the API lists it"
        )
        parser.add_argument(
            "--as", dest="username", metavar="USERNAME", help="who acts (default: who ran the import)"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be undone, change nothing")
        parser.add_argument("--json", action="store_true", help="print the summary as a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ready()
        key = parse_uuid(options["job"])
        jobs = ImportJob.objects.select_related("user", "company")
        job = None if key is None else jobs.filter(uuid=key).first()
        if job is None:
            raise CommandError(f"There is no import {options['job']}.")
        user = user_of(options["username"]) if options["username"] else job.user
        if user is None:
            raise CommandError("Who ran the import is gone: name somebody with --as.")
        with until_signal() as (_, received), refusals_as_command_errors():
            try:
                actor = actor_for(user, job.company, door=Door.IMPORT)
            except (NotFound, Forbidden) as error:
                raise CommandError(f"{user} is not an active member of {job.company}.") from error
            undo.check_undoable(job, actor=actor)
            done = self._plan(job, actor) if options["dry_run"] else self._run(job, actor, received)
        counts = {"dry_run": options["dry_run"], "undone": done.undone, "kept": done.kept}
        said = f"{done.undone} rows undone, {done.kept} kept."
        said = f"Dry run, nothing is changed: {said}" if options["dry_run"] else said
        self.stdout.write(json.dumps({"job": str(job.uuid), **counts}) if options["json"] else said)
        if not done.is_done:
            raise CommandError(
                "Stopped by a signal. The same command goes on where it stopped.",
                returncode=SIGNAL_BASE + received[0],
            )
        if done.kept:
            raise CommandError(f"{done.kept} rows were kept.", returncode=ROWS_KEPT)

    def _plan(self, job: ImportJob, actor: Any) -> Undone:
        undone = kept = 0
        for row, why in undo.plan_undo(job, actor=actor):
            undone, kept = undone + (not why), kept + bool(why)
            if why:
                self._tell(row, why)
        return Undone(undone=undone, kept=kept)

    def _run(self, job: ImportJob, actor: Any, received: list[int]) -> Undone:
        undo_records.begin_undo(job, user_id=actor.user_id)
        claimed = undo_records.claim_undo(job)
        if claimed is None:
            raise CommandError("Another process undoes this import: wait for its end.")
        total = job.created + job.updated
        done = undo.undone_rows(job)
        count = done.undone + done.kept
        stream = getattr(self.stderr, "_out", None)
        with shown_progress(stream, done=count, total=total, write=self._say) as advance:

            def report(rows: Any) -> None:
                nonlocal count
                for row in rows:
                    if row.undo == UndoState.KEPT:
                        self._tell(row, row.undo_message)
                count += len(rows)
                advance(count)

            return undo.run_undo(claimed, actor=actor, is_stopped=lambda: bool(received), on_batch=report)

    def _tell(self, row: ImportRow, why: str) -> None:
        self.stderr.write(f"line {row.number}: record {row.object_id} is kept: {why}")

    def _say(self, line: str) -> None:
        self.stderr.write(line, style_func=str)
