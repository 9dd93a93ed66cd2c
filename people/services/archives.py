"""The tables of people in archives."""

from typing import Any

from django.apps import apps
from django.db.models import ForeignKey

from crm.services.archives.keys import Keys
from crm.services.archives.tables import Shared, share, shift_keys
from people.models import ContactType, Merge, Organization, Person
from people.services.contact_types import ensure_shared_contact_types

MERGED = {model.entity_kind.value: model for model in (Person, Organization)}


def register() -> None:
    share(ContactType, Shared(column="kind", ensure=ensure_shared_contact_types))
    shift_keys(Merge, shift_merge)


def shift_merge(row: dict[str, Any], keys: Keys) -> None:
    """Change the keys in a merge and its journal, by which it can be undone."""
    model = MERGED[row["model"]]
    row["winner_id"] = keys.of(model, row["winner_id"])
    row["losers"] = [keys.of(model, key) for key in row["losers"]]
    for moved in row["journal"].get("moved", ()):
        moved["from"] = keys.of(model, moved["from"])
        of_rows = apps.get_model(moved["relation"].rpartition(".")[0])
        moved["rows"] = [keys.of(of_rows, key) for key in moved["rows"]]
    for changed in row["journal"].get("changed", ()):
        changed["id"] = keys.of(apps.get_model(changed["model"]), changed["id"])
    for dropped in row["journal"].get("dropped", ()):
        _shift_dropped(dropped, keys)


def _shift_dropped(dropped: dict[str, Any], keys: Keys) -> None:
    model, values = apps.get_model(dropped["model"]), dropped["values"]
    for field in model._meta.concrete_fields:
        value = values.get(field.attname)
        if value is None:
            continue
        if field.primary_key:
            values[field.attname] = keys.of(model, value)
        elif isinstance(field, ForeignKey) and field.related_model in keys.distances:
            values[field.attname] = keys.of(field.related_model, value)
