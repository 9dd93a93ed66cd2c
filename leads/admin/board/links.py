"""Links between the board and the list of leads, which keep the filters that both have."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.urls import reverse

from pipelines.models import Pipeline

#: The name of each filter on the board, and in the list.
NAMES = {
    "pipeline": "pipeline__id__exact",
    "owner": "owned",
    "tag": "tagged",
    "source": "source__id__exact",
    "min": "min",
    "max": "max",
    "q": "q",
}
ME, MINE = "me", "mine"


def list_address(pipeline: Pipeline, given: Mapping[str, str], **further: object) -> str:
    """Return the address of the list of what the board of a pipeline shows."""
    shown = {NAMES[name]: value for name, value in given.items() if name in NAMES}
    if shown.get("owned") == ME:
        shown["owned"] = MINE
    asked = {"open": "yes", NAMES["pipeline"]: pipeline.pk, **shown, **further}
    return f"{reverse('admin:leads_lead_changelist')}?{urlencode(asked)}"


def board_address(query: Mapping[str, str]) -> str:
    """Return the address of the board with the filters of the list."""
    shown = {name: query[listed] for name, listed in NAMES.items() if query.get(listed)}
    if shown.get("owner") == MINE:
        shown["owner"] = ME
    address = reverse("admin:leads_lead_board")
    return f"{address}?{urlencode(shown)}" if shown else address
