"""Take the amounts of stored leads over from a custom field."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door, system_actor
from crm.management.arguments import company_of, ensure_ready
from crm.management.signals import SIGNAL_BASE, until_signal
from leads.services.amount_adoption import adopt_amounts

#: The exit code by which a script can tell "some values are no amounts" from an error.
SOME_REFUSED = 3


class Command(BaseCommand):
    help = (
        "Set the amount of each lead that has none from a custom field, which stays; list those whose value "
        "is no amount, and exit with 3 if there are any. A run that was stopped is resumed by another one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", required=True, metavar="ID", help="its id or UUID")
        parser.add_argument(
            "--field", metavar="NAME", help="the custom field (default: amount_custom_field of the company)"
        )
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, store nothing")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        company = company_of(options["company"])
        name = options["field"] or company.amount_custom_field
        if not name:
            raise CommandError("Name the custom field with --field: the company has no amount_custom_field.")
        actor = system_actor(company.pk, door=Door.COMMAND, via="adopt_deal_values")
        adopted = refused = 0
        with until_signal() as (_, received):
            for adoption in adopt_amounts(name, actor=actor, dry_run=options["dry_run"]):
                adopted += adoption.refusal is None
                refused += adoption.refusal is not None
                if adoption.refusal is not None:
                    self.stderr.write(f"lead {adoption.lead_id}: {adoption.refusal}")
                if received:
                    break
        prefix = "Dry run, nothing is stored: " if options["dry_run"] else ""
        self.stdout.write(f"{prefix}{adopted} amounts taken over, {refused} values are no amounts.")
        if received:
            raise CommandError("Stopped by a signal.", returncode=SIGNAL_BASE + received[0])
        if refused:
            raise CommandError(f"{refused} values are no amounts.", returncode=SOME_REFUSED)
