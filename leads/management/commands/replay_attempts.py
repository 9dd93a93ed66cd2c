"""Replay deliveries that made no lead."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from crm.actors import Actor, Door, system_actor
from crm.errors import Conflict, NotFound
from crm.management.arguments import company_of, ensure_ready
from leads.models import AttemptStatus, LeadReceiver
from leads.services.replaying import replay_attempt, replayable_attempts

#: The exit code by which a script can tell "refused again" from an error.
REFUSED_AGAIN = 3


class Command(BaseCommand):
    help = "Replay deliveries that made no lead, the oldest first; exit with 3 if some are refused again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", required=True, metavar="ID", help="its id or UUID")
        parser.add_argument("--receiver", metavar="ID", help="only those of this receiver, by id or UUID")
        parser.add_argument("--since", metavar="TIME", help="only later ones: 2026-01-31, or with a time")
        parser.add_argument(
            "--status",
            type=str.upper,
            choices=[AttemptStatus.FAILED.value, AttemptStatus.RECEIVED.value],
            help="only refused ones (FAILED), or only interrupted ones (RECEIVED)",
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        actor = system_actor(company_of(options["company"]).pk, door=Door.COMMAND, via="replay_attempts")
        receiver: LeadReceiver | None = None
        if options["receiver"]:
            try:
                receiver = LeadReceiver.objects.find(actor, options["receiver"])
            except NotFound as unknown:
                raise CommandError(f"The company has no receiver {options['receiver']}.") from unknown
        since = parse_time(options["since"]) if options["since"] else None
        waiting = replayable_attempts(actor=actor, receiver=receiver, since=since, status=options["status"])
        processed = refused = 0
        # A list, since a replay changes what the query would return.
        for pk, uuid in list(waiting.values_list("pk", "uuid")):
            if self._replay(pk, uuid, actor):
                processed += 1
            else:
                refused += 1
        self.stdout.write(f"{processed} attempts made a lead, {refused} were refused again.")
        if refused:
            raise CommandError(f"{refused} attempts were refused again.", returncode=REFUSED_AGAIN)

    def _replay(self, pk: int, uuid: UUID, actor: Actor) -> bool:
        try:
            attempt = replay_attempt(pk, actor=actor)
        except Conflict as done_meanwhile:
            self.stderr.write(f"{uuid}: {done_meanwhile.message}")
            return False
        for name, texts in (attempt.errors or {}).items():
            self.stderr.write(f"{uuid}: {name}: {' '.join(texts)}")
        return attempt.status == AttemptStatus.PROCESSED


def parse_time(text: str) -> datetime:
    """Parse a date, or a date and time; without an offset it is in the server's time zone."""
    try:
        parsed = parse_datetime(text)
        day = parse_date(text) if parsed is None else None
    except ValueError as impossible:
        raise CommandError(f"{text} is not in the calendar.") from impossible
    if day is not None:
        parsed = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if parsed is None:
        raise CommandError(f"{text} is not a time: write 2026-01-31 or 2026-01-31T12:00.")
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)
