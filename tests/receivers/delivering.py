"""Post deliveries to receivers."""

import json
from typing import Any

from django.test import Client

from crm.events.audience import RECEIVER
from leads.models import LeadReceiver
from tests.stored import State, read_all


def deliver(receiver: LeadReceiver, payload: Any, **headers: str) -> Any:
    """Post a payload as JSON, with headers by their names in lower case with underscores."""
    return deliver_body(receiver, json.dumps(payload), **headers)


def deliver_body(
    receiver: LeadReceiver, body: str | bytes, *, content_type: str = "application/json", **headers: str
) -> Any:
    """Post a body as it is: Django's ``post`` would recode it to the charset of the content type."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body.encode() if isinstance(body, str) else body
    return Client().generic(
        "POST", f"/receivers/{receiver.uuid}", raw, content_type=content_type, headers=sent
    )


def business_rows() -> State:
    """Read all rows but those of attempts, of the routing log, and the events that managers hear of."""
    kept = ("leads_receiverattempt", "leads_leadroutinglog")
    rows = {table: found for table, found in read_all().items() if table not in kept}
    return rows | {"crm_event": [row for row in rows["crm_event"] if RECEIVER not in row]}
