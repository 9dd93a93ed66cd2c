"""Decides which subscriptions share their answers: equal documents and variables, under equal rights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from graphql import FieldNode, OperationDefinitionNode, VariableNode, Visitor, visit

from crm.actors import Actor
from crm.events.audience import Event
from crm.events.dispatcher import SubscriptionKey
from crm.graphql.documents import Document

#: The argument that sets where a subscription starts; it does not change the answers.
AFTER = "after"
#: Attributes in which two actors of equal rights may differ.
PERSONAL = frozenset({"user_id", "via"})


@dataclass(frozen=True, kw_only=True)
class EventRoot:
    """An event, and the actor who reads the record; all below it is for the execution's actor."""

    event: Event
    reader: Actor


class AnyReader(Actor):
    """An actor that stands for all with its rights; one that was identified makes the answer personal."""

    def __getattribute__(self, name: str) -> Any:
        values: dict[str, Any] = super().__getattribute__("__dict__")
        if name in values.get("watched", ()):
            values["identified"] = True
        return super().__getattribute__(name)

    @classmethod
    def like(cls, actor: Actor) -> "AnyReader":
        reader = cls(**{each.name: getattr(actor, each.name) for each in fields(actor)})
        # Where members see only their own leads, whoever asks for the visibility goes on to ask for the user.
        watched = PERSONAL if actor.sees_all_leads else PERSONAL | {"company_sees_all_leads"}
        vars(reader).update(identified=False, watched=watched)
        return reader

    def was_identified(self) -> bool:
        return bool(vars(self)["identified"])


def seeing_all(actor: Actor) -> Actor:
    """Return the same actor with a view of all leads, for a record whose readers are looked up apart."""
    return replace(actor, company_sees_all_leads=True)


def subscription_key(
    document: Document,
    node: OperationDefinitionNode,
    field: FieldNode,
    variables: Mapping[str, object],
    actor: Actor,
) -> SubscriptionKey:
    """Return the key that subscriptions have in common if they share their answers."""
    source = document.node.loc.source.body if document.node.loc else id(document)
    start = _start_variable(document, field)
    relevant = {name: value for name, value in variables.items() if name != start}
    # Rights are part of the key: whoever's rights change joins another shared subscription.
    rights = tuple(getattr(actor, each.name) for each in fields(Actor) if each.name not in PERSONAL)
    name = node.name.value if node.name else None
    return SubscriptionKey(actor.company_id, (source, name, json.dumps(relevant, sort_keys=True), rights))


def _start_variable(document: Document, field: FieldNode) -> str | None:
    """Return the variable that sets ``after`` and is used for nothing else, None if there is none."""
    values = [each.value for each in field.arguments if each.name.value == AFTER]
    if not values or not isinstance(values[0], VariableNode):
        return None
    uses = _VariableNames()
    visit(document.node, uses)
    name = values[0].name.value
    # Twice: in its definition, and as the value of ``after``.
    return name if uses.names.count(name) == 2 else None


class _VariableNames(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.names.append(node.name.value)
