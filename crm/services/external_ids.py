"""Set the external id of a record, and find the record that has one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.read_once import once
from crm.database.rows_ahead import kept_row
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
    if not values.get("external_id"):
        return None
    source, key = name_key(values.get("external_source")), single_line(values["external_id"])
    return (source, key) if source and key else None


def find(model: type[Found], values: Mapping[str, Any], *, actor: Actor) -> Found | None:
    """Return the visible record with the external id of the values, or that which it was merged into."""
    key = given_key(values)
    holder = None if key is None else _holder(model, actor.company_id, *key)
    return None if holder is None else _visible(model, holder, actor)


def read_ahead(model: type[Record], given: Iterable[Mapping[str, Any]], *, actor: Actor) -> set[int]:
    """Look for the records of a batch by their external ids; return the keys of those that exist.

    The batch holds the lock of the company, without which nobody else gives an external id.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for values in given:
        if (key := given_key(values)) is not None:
            ids[key[0]].add(key[1])
    found: dict[tuple[str, str] | None, int | None] = {}
    for source, keys in ids.items():
        rows: Any = model._base_manager.filter(
            company_id=actor.company_id, external_source=source, external_id__in=keys
        )
        live = dict(rows.filter(LIVE).values_list("external_id", "pk"))
        found |= {(source, key): live.get(key) for key in keys}
        if hasattr(model, "merged_into_id"):
            # Looked for one by one: the winner may have been merged itself.
            merged = rows.filter(merged_into__isnull=False).values_list("external_id", flat=True)
            for key in set(merged) - live.keys():
                del found[source, key]
    _known(model, actor.company_id).update(found)
    return {key for key in found.values() if key is not None}


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
    key, key_before = given_key(record.__dict__), given_key(before or {})
    if key == key_before:
        return
    model = type(record)
    known = _known(model, record.company_id)
    holder = None if key is None else _holder(model, record.company_id, *key)
    # What was read ahead of both is no longer so.
    for each in (key, key_before):
        known.pop(each, None)
    if key is None:
        return
    # A merge that is being undone: the record that returns is still stored as merged into its winner.
    if holder is None or holder in (record.pk, _stored_winner(record)):
        return
    visible = _visible(model, holder, actor)
    if visible is not None:
        who = f"The {model._meta.verbose_name} {holder} ({visible})"
    else:
        who = f"A {model._meta.verbose_name} that you do not see"
    raise ValidationError({"external_id": [f"{who} has this external id of {key[0]} already."]})


def _visible(model: type[Found], key: int, actor: Actor) -> Found | None:
    visible = kept_row(model, key)
    if visible is None:
        visible = model.objects.visible_to(actor).filter(pk=key).first()
    return visible


def _known(model: type[Record], company_id: int) -> dict[tuple[str, str] | None, int | None]:
    """Return what was read ahead in a batch: the key of the live record, or None, by source and id."""
    return once((company_id, "external ids", model), dict)


def _holder(model: type[Record], company_id: int, source: str, key: str) -> int | None:
    """Return the key of the live record that goes by an external id."""
    known = _known(model, company_id)
    if (source, key) in known:
        return known[source, key]
    rows: Any = model._base_manager.filter(company_id=company_id, external_source=source, external_id=key)
    live: int | None = rows.filter(LIVE).values_list("pk", flat=True).first()
    if live is not None or not hasattr(model, "merged_into_id"):
        return live
    # A merged record keeps its id, so that the merge can be undone; until then the winner goes by it.
    merged = rows.filter(merged_into__isnull=False).select_related("merged_into").order_by("-pk").first()
    while merged is not None and merged.merged_into_id is not None:
        merged = merged.merged_into
    return merged.pk if merged is not None and merged.deleted_at is None else None


def _stored_winner(record: Record) -> int | None:
    if record._state.adding or not hasattr(record, "merged_into_id"):
        return None
    stored: Any = type(record)._base_manager.filter(pk=record.pk)
    key: int | None = stored.values_list("merged_into_id", flat=True).first()
    return key
