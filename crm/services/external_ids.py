"""Set the external id of a record, and find the record that has one."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.models.lifecycle import LIVE
from crm.models.records import Record
from crm.texts import name_key, single_line

Found = TypeVar("Found", bound=Record)


def assign(record: Record, values: Mapping[str, Any]) -> None:
    """Set the external id that the values hold; without an id there is no source either."""
    for name in EXTERNAL_ID_COLUMNS:
        if name in values:
            setattr(record, name, values[name] or None)
    if "external_id" in values and not values["external_id"] and not values.get("external_source"):
        record.external_source = None


def given_key(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the source and the id that an input names, as they are stored; None if it names no record."""
    source, key = name_key(values.get("external_source")), single_line(values.get("external_id") or "")
    return (source, key) if source and key else None


def find(model: type[Found], values: Mapping[str, Any], *, actor: Actor) -> Found | None:
    """Return the visible record with the external id of the values, or that which it was merged into."""
    key = given_key(values)
    holder = None if key is None else _holder(model, actor.company_id, *key)
    if holder is None:
        return None
    visible: Found | None = model.objects.visible_to(actor).filter(pk=holder.pk).first()
    return visible


def is_another(record: Record, values: Mapping[str, Any]) -> bool:
    """Return whether the product of the values knows this record by another id."""
    key = given_key(values)
    return key is not None and record.external_source == key[0] and record.external_id != key[1]


def kept(record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without an external id if the record has one already.

    A record goes by one: that of the first product, or that of the winner of a merge.
    """
    if record.external_id is None:
        return dict(values)
    return {name: value for name, value in values.items() if name not in EXTERNAL_ID_COLUMNS}


def check_free(record: Record, *, actor: Actor, before: Mapping[str, Any] | None = None) -> None:
    """Refuse an external id that another record of the company has, naming that record.

    :param before: the stored columns of a record that is live; an id that does not change is not looked up.
    """
    key = given_key(record.__dict__)
    if key is None or (before is not None and given_key(before) == key):
        return
    model = type(record)
    holder = _holder(model, record.company_id, *key)
    # A merge that is being undone: the record that returns is still stored as merged into its winner.
    if holder is None or holder.pk in (record.pk, _stored_winner(record)):
        return
    if model.objects.visible_to(actor).filter(pk=holder.pk).exists():
        who = f"The {model._meta.verbose_name} {holder.pk} ({holder})"
    else:
        who = f"A {model._meta.verbose_name} that you do not see"
    raise ValidationError({"external_id": [f"{who} has this external id of {key[0]} already."]})


def _holder(model: type[Found], company_id: int, source: str, key: str) -> Found | None:
    rows: Any = model._base_manager.filter(company_id=company_id, external_source=source, external_id=key)
    live: Found | None = rows.filter(LIVE).first()
    if live is not None or not hasattr(model, "merged_into_id"):
        return live
    # A merged record keeps its id, so that the merge can be undone; until then the winner goes by it.
    merged = rows.filter(merged_into__isnull=False).select_related("merged_into").order_by("-pk").first()
    while merged is not None and merged.merged_into_id is not None:
        merged = merged.merged_into
    return merged if merged is not None and merged.deleted_at is None else None


def _stored_winner(record: Record) -> int | None:
    if record._state.adding or not hasattr(record, "merged_into_id"):
        return None
    stored: Any = type(record)._base_manager.filter(pk=record.pk)
    key: int | None = stored.values_list("merged_into_id", flat=True).first()
    return key
