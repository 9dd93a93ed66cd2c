"""Which subscriptions are answered alike: equal documents and variables, under equal rights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from graphql import FieldNode, OperationDefinitionNode, VariableNode, Visitor, visit

from crm.actors import Actor
from crm.events.audience import Event
from crm.events.dispatcher import SubscriptionKey
from crm.graphql.documents import Document

#: The argument that says where a subscription begins, not what it tells.
AFTER = "after"
#: What two members of one company may differ in, though their rights are equal.
PERSONAL = frozenset({"user_id", "via"})


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """The root value of a subscription: an event, and under whose rights the record itself is read.

    Below the record, the rights are those of the actor of the execution.
    """

    event: Event
    reader: Actor


class AnyReader(Actor):
    """One of several members of equal rights, who notes it if somebody asks which one.

    Where members see their own leads alone, to ask whether this one sees all of them is to ask just that.
    """

    def __getattribute__(self, name: str) -> Any:
        values: dict[str, Any] = super().__getattribute__("__dict__")
        if name in values.get("watched", ()):
            values["was_asked"] = True
        return super().__getattribute__(name)

    @classmethod
    def like(cls, actor: Actor) -> "AnyReader":
        """Give a member who stands for all with the rights of this one."""
        reader = cls(**{each.name: getattr(actor, each.name) for each in fields(actor)})
        watched = PERSONAL if actor.sees_all_leads else PERSONAL | {"company_sees_all_leads"}
        vars(reader).update(was_asked=False, watched=watched)
        return reader

    def needs_to_be_known(self) -> bool:
        """Tell whether somebody asked which member this is."""
        return bool(vars(self)["was_asked"])


def seeing_all(actor: Actor) -> Actor:
    """Give the same actor with a view of all leads: for a record whose readers are looked up."""
    return replace(actor, company_sees_all_leads=True)


def plan_key(
    document: Document,
    node: OperationDefinitionNode,
    field: FieldNode,
    variables: Mapping[str, Any],
    actor: Actor,
) -> SubscriptionKey:
    """Give what subscriptions that share a plan have in common.

    :param field: the field of the root.
    :param variables: as they were sent.
    """
    source = document.node.loc.source.body if document.node.loc else id(document)
    begins_at = _only_after(document, field)
    given = {name: value for name, value in variables.items() if name != begins_at}
    rights = tuple(getattr(actor, each.name) for each in fields(Actor) if each.name not in PERSONAL)
    name = node.name.value if node.name else None
    return SubscriptionKey(actor.company_id, (source, name, json.dumps(given, sort_keys=True), rights))


def _only_after(document: Document, field: FieldNode) -> str | None:
    """Give the variable that says where the subscription begins, and nothing else."""
    given = [each.value for each in field.arguments if each.name.value == AFTER]
    if not given or not isinstance(given[0], VariableNode):
        return None
    uses = _Uses()
    visit(document.node, uses)
    name = given[0].name.value
    # In its definition and here.
    return name if uses.names.count(name) == 2 else None


class _Uses(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.append(node.name.value)
