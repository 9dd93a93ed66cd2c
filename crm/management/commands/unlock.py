"""Let somebody sign in again who was locked out."""

import ipaddress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready, user_of
from crm.services.lockout import unlock, unlock_address


class Command(BaseCommand):
    help = "Forget the failed sign-ins of an account, or from an address, so that it is locked no more."

    def add_arguments(self, parser: CommandParser) -> None:
        locked = parser.add_mutually_exclusive_group(required=True)
        locked.add_argument("username", nargs="?")
        locked.add_argument("--address", help="an IP address; of IPv6 its whole network of 64 bits")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        name, address = options["username"], options["address"]
        if address is None:
            had_failures = unlock(user_of(name))
        else:
            try:
                had_failures = unlock_address(str(ipaddress.ip_address(address)))
            except ValueError as error:
                raise CommandError(f"{address} is no IP address.") from error
        self.stdout.write("Unlocked." if had_failures else "Nothing was locked: no sign-in failed lately.")
