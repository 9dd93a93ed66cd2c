"""The filters of the board, which live in its address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, Value
from django.db.models.lookups import Exact

from crm.actors import Actor
from crm.admin.base import assignable_users
from crm.database.json_entries import Contains, Entries, EntryName, ValueMatches
from crm.database.keys import parse_id
from crm.models import CustomFieldDefinition, EntityKind, Tag
from leads.admin.amount_range import amount_bound
from leads.models import Lead, LeadSource
from pipelines.models import Pipeline

#: Names in the address.
NAMES = ("owner", "tag", "source", "min", "max", "field", "value", "q")
MOST_OFFERED = 200
LONGEST_TEXT = 200


@dataclass(frozen=True, kw_only=True)
class BoardFilters:
    """The filters of an address: those that mean something, as they were given.

    ``refused`` has the messages for amounts that could not be read, and ``typed`` the texts of all amounts.
    """

    given: Mapping[str, str]
    condition: Q
    text: str
    typed: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """Return the filters as a part of an address."""
        return urlencode(self.given)


def read_filters(query: Mapping[str, Any], actor: Actor) -> BoardFilters:
    """Read the filters of an address; what means nothing is left out, so that an old address still works."""
    sent = {name: str(query.get(name, "")).strip()[:LONGEST_TEXT] for name in NAMES}
    refused: dict[str, str] = {}
    conditions = {
        "owner": _owner(sent["owner"], actor),
        "tag": _related("tags", sent["tag"]),
        "source": _related("source", sent["source"]),
        "min": _amount("min", sent, refused),
        "max": _amount("max", sent, refused),
        "value": _custom(sent["field"], sent["value"], actor),
    }
    given = {name: sent[name] for name, found in conditions.items() if found is not None}
    if "value" in given:
        given["field"] = sent["field"]
    if sent["q"]:
        given["q"] = sent["q"]
    condition = Q()
    for found in conditions.values():
        condition &= found if found is not None else Q()
    typed = {name: sent[name] for name in ("min", "max")}
    return BoardFilters(given=given, condition=condition, text=sent["q"], typed=typed, refused=refused)


def _owner(text: str, actor: Actor) -> Q | None:
    if text == "me":
        return Q(owner=actor.user_id)
    return Q(owner=None) if text == "nobody" else _related("owner", text)


def _related(name: str, text: str) -> Q | None:
    key = parse_id(text)
    # A key of another company is that of no lead that the actor sees.
    return None if key is None else Q(**{name: key})


def _amount(name: str, sent: Mapping[str, str], refused: dict[str, str]) -> Q | None:
    if not sent[name]:
        return None
    try:
        return amount_bound(name, sent[name])[1]
    except ValueError as unclear:
        # Unlike other filters it is typed: a board that ignored it would look as if it were narrowed.
        refused[name] = str(unclear)
        return None


def _custom(field: str, text: str, actor: Actor) -> Q | None:
    key = parse_id(field)
    definition = (
        CustomFieldDefinition.objects.visible_to(actor).filter(model=EntityKind.LEAD, pk=key).first()
        if key is not None and text
        else None
    )
    if definition is None:
        return None
    try:
        value = definition.read(text)
    except ValueError:
        return None
    if value is None:
        return None
    named = Q(Exact(EntryName(), Value(definition.name)))
    found = Q(Entries(named & Q(ValueMatches("exact", value)), name=definition.name))
    # The first part says nothing new, but PostgreSQL has an index for it.
    return Q(Contains({definition.name: value})) & found


def choices_of(actor: Actor) -> dict[str, Any]:
    """Return what the filters offer."""
    return {
        "owners": list(assignable_users(actor)[:MOST_OFFERED]),
        "tags": list(Tag.objects.visible_to(actor).order_by("name", "pk")[:MOST_OFFERED]),
        "sources": list(LeadSource.objects.visible_to(actor).filter(is_active=True).order_by("name", "pk")),
        "pipelines": list(Pipeline.objects.visible_to(actor).order_by("weight", "pk")),
        "fields": list(
            CustomFieldDefinition.objects.visible_to(actor)
            .filter(model=Lead.entity_kind)
            .order_by("weight", "name", "pk")
        ),
    }
