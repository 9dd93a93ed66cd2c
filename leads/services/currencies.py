"""The currencies that a company uses."""

from collections.abc import Sequence

from crm.actors import Actor
from leads.models import Lead

#: A company's newest leads tell what it uses; reading all of them would take long.
NEWEST = 100


def used_currencies(actor: Actor) -> Sequence[str]:
    """Return the currencies of the newest leads that the actor sees, the one of most leads first."""
    leads = Lead.objects.visible_to(actor).exclude(currency=None).order_by("-created_at", "-pk")
    codes = [code for code in leads.values_list("currency", flat=True)[:NEWEST] if code]
    return sorted(set(codes), key=lambda code: (-codes.count(code), code))
