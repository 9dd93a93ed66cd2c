"""The currencies that a company uses."""

from collections.abc import Sequence

from crm.actors import Actor
from leads.models import Lead

#: A company's newest leads tell what it uses; reading all of them would take long.
NEWEST = 100


def used_currencies(actor: Actor) -> Sequence[str]:
    """Return the currencies of the company's newest leads, the one of most leads first.

    For members who see only their own leads it is empty: few among many are no use of the order of an index.
    """
    leads = Lead.objects.visible_to(actor)
    if not leads.sees_all(actor):
        return []
    # In the order of an index, and without a condition on the currency, which many companies never set.
    newest = leads.order_by("-created_at", "pk").values_list("currency", flat=True)[:NEWEST]
    codes = [code for code in newest if code]
    return sorted(set(codes), key=lambda code: (-codes.count(code), code))
