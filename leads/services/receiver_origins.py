"""The sites whose pages may deliver to a receiver from a browser."""

from uuid import UUID

from django.db import InterfaceError, OperationalError

from leads.models import LeadReceiver


def allowed_origins_of(identifier: UUID) -> list[str]:
    """Return the origins of the active receiver with this UUID; none if there is no such receiver."""
    # Not narrowed to an actor: the page of another site has none, and the UUID is the address.
    receivers = LeadReceiver.objects.filter(uuid=identifier, is_active=True, company__is_active=True)
    try:
        return receivers.values_list("allowed_origins", flat=True).first() or []
    except (OperationalError, InterfaceError):
        # The delivery itself is answered with 503.
        return []
