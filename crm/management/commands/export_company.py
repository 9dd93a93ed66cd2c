"""Write everything of one company into an archive."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door
from crm.management.arguments import ensure_ready, member_actor, refusals_as_command_errors
from crm.management.export_command import written
from crm.services.archives.writing import write_archive


class Command(BaseCommand):
    help = (
        "Write everything of one company into an archive, its files included; import_company reads it at"
        " another installation or on another database. Exit codes: 0 done, 1 nothing written, 2 wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the zip to write, with mode 0600")
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--as", required=True, dest="username", metavar="USERNAME", help="who acts; an admin"
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        if options["file"] == "-":
            raise CommandError("Name a file: an archive cannot go to standard output.", returncode=2)
        actor = member_actor(options["username"], options["company"], door=Door.COMMAND)
        with refusals_as_command_errors(), written(options["file"]) as file:
            done = write_archive(file, actor=actor)
        for uuid in done.missing:
            self.stderr.write(
                f"The storage has no content of the file {uuid}: the archive has its row alone."
            )
        self.stdout.write(f"{sum(done.rows.values())} rows, {done.files} files.")
