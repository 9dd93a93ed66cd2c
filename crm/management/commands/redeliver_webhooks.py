"""Send the events after a cursor to an endpoint again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door, system_actor
from crm.errors import NotFound
from crm.events.cursor import parse_cursor
from crm.management.arguments import ensure_ready, refusals_as_command_errors
from crm.models import WebhookEndpoint
from crm.models.base import pick
from crm.webhooks.deliveries import redeliver_after


class Command(BaseCommand):
    help = "Queue the events after a cursor for an endpoint again; deliver_webhooks sends them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("endpoint", metavar="ENDPOINT", help="its id")
        parser.add_argument(
            "--after", required=True, metavar="CURSOR", help="a cursor of a message, or of the API"
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        try:
            endpoint = pick(WebhookEndpoint.objects.all(), options["endpoint"])
        except NotFound as unknown:
            raise CommandError(
                f"There is no endpoint {options['endpoint']}: take the id from the admin, Webhook endpoints."
            ) from unknown
        actor = system_actor(endpoint.company_id, door=Door.COMMAND, via="redeliver_webhooks")
        with refusals_as_command_errors():
            redeliver_after(endpoint, parse_cursor(options["after"]), actor=actor)
        self.stdout.write(f"The events after the cursor are sent to {endpoint} again.")
