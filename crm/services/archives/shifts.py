"""The keys in columns of crm that are no foreign keys: in the history of records, and in saved views."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model

from crm.services.archives.keys import Keys


def shift_history(row: dict[str, Any], keys: Keys) -> None:
    """Change the keys of related rows, which stand in a history with their names."""
    model = ContentType.objects.get_for_id(row["content_type_id"]).model_class()
    for name, sides in row["changes"].items():
        target = _target(model, name) if model is not None else None
        if target is None or not isinstance(sides, list):
            continue
        for side in sides:
            for each in side if isinstance(side, list) else [side]:
                if isinstance(each, dict) and str(each.get("id", "")).isdigit():
                    key = keys.known(target, int(each["id"]))
                    each["id"] = each["id"] if key is None else str(key)


def _target(model: type[Model], name: str) -> Any:
    # What a merge writes: the records that were merged into this one.
    if name == "merged":
        return model
    try:
        return model._meta.get_field(name).related_model
    except FieldDoesNotExist:
        return None


def shift_view(row: dict[str, Any], keys: Keys) -> None:
    """Change the keys that filters of a list name in the address of a saved view."""
    try:
        model = apps.get_model(row["model"])
    except (LookupError, ValueError):
        return
    pairs = parse_qsl(row["query"], keep_blank_values=True)
    shifted = [(name, _shifted(model, name, text, keys)) for name, text in pairs]
    if shifted != pairs:
        row["query"] = urlencode(shifted)


def _shifted(model: type[Model], name: str, text: str, keys: Keys) -> str:
    """Return the value of a filter such as ``stage__id__exact=5`` with the new key."""
    target: Any = model
    for step in name.split("__"):
        if step in ("id", "pk", "exact", "in"):
            continue
        try:
            field = target._meta.get_field(step)
        except FieldDoesNotExist:
            return text
        if not isinstance(field, ForeignKey):
            return text
        target = field.related_model
    if target is model or not all(each.isdigit() for each in text.split(",")):
        return text
    found = [keys.known(target, int(each)) for each in text.split(",")]
    return text if None in found else ",".join(map(str, found))
