"""Remove old idempotency keys."""

from django.core.management.base import BaseCommand

from crm.management.arguments import ensure_ready
from crm.services.idempotency import prune


class Command(BaseCommand):
    help = "Remove the keys, and the answers kept under them, of requests made over 24 hours ago."

    def handle(self, *args: object, **options: object) -> None:
        ensure_ready()
        self.stdout.write(f"Removed: {prune()} keys.")
