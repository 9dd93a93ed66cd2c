"""Builds the body of a message as Standard Webhooks defines it: type, timestamp and data."""

from crm.events.audience import GONE
from crm.json_encoding import encode_json
from crm.models.webhooks import TEST_TYPE, WebhookDelivery
from crm.webhooks.contents import content_of, webhook_actor

#: The version of messages without a record; others carry the version of their content.
VERSION = 1


def body_of(delivery: WebhookDelivery) -> bytes:
    """Return the body of a delivery, with its record as it is now."""
    timestamp = delivery.occurred_at.isoformat()
    return encode_json({"type": delivery.type, "timestamp": timestamp, "data": _data(delivery)})


def _data(delivery: WebhookDelivery) -> dict[str, object]:
    if delivery.type == TEST_TYPE:
        return {"version": VERSION, "message": "This is a test."}
    entity, _, kind = delivery.type.partition(".")
    data: dict[str, object] = {"version": VERSION, "cursor": delivery.cursor}
    if kind == "bulk":
        # An import names itself; other bulk events have no changes.
        named: dict[str, object] = delivery.changes
        return data | {"refetch": True} | named
    data["id"] = str(delivery.object_id)
    if kind == "merged":
        data["winner_id"] = str(delivery.winner_id)
    if kind in GONE:
        return data
    content = content_of(entity)
    assert delivery.object_id is not None
    record = content.read(delivery.object_id, actor=webhook_actor(delivery.company_id))
    return data | {"version": content.version, "changes": delivery.changes, entity: record}
