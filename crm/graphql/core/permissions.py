"""The actor of an execution, and root fields that require a permission."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import graphene
from graphene.utils.str_converters import to_camel_case
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Action, Actor
from crm.errors import Unauthenticated
from crm.graphql.core.budget import Budget
from crm.services.idempotency import Once

#: A resolver of graphene; the arguments after the root and the info are those of its field.
Resolver = Callable[..., object]
#: The fields that a selection has, by name.
Selection = dict[str, list[FieldNode]]


@dataclass(kw_only=True)
class Context:
    """The context value of one execution.

    ``once`` handles the Idempotency-Key, ``budget`` bounds the answer. ``selections`` caches collected
    selections by type name and ids of nodes; documents without variables keep theirs across requests.
    """

    actor: Actor | None
    once: Once | None = None
    budget: Budget = field(default_factory=Budget.of_request)
    selections: dict[tuple[object, ...], Selection] = field(default_factory=dict)


def actor_of(info: GraphQLResolveInfo) -> Actor:
    """Return the actor of an execution; refuse a request without a credential."""
    context: Context = info.context
    if context.actor is None:
        raise Unauthenticated
    return context.actor


def budget_of(info: GraphQLResolveInfo) -> Budget:
    context: Context = info.context
    return context.budget


class Guarded(graphene.Field):
    """A root field that requires a permission before it resolves."""

    def __init__(
        self, type_: object, *args: object, permission: Action = Action.READ, **kwargs: object
    ) -> None:
        super().__init__(type_, *args, **kwargs)
        self.permission = permission

    def __set_name__(self, _owner: type, attribute: str) -> None:
        # Root fields are in camel case in the contract, unlike the fields of rows.
        self.name: str = self.name or to_camel_case(attribute)

    def wrap_resolve(self, parent_resolver: Resolver) -> Resolver:
        resolve = super().wrap_resolve(parent_resolver)

        @wraps(resolve)
        def guarded(root: object, info: GraphQLResolveInfo, **arguments: Any) -> object:
            # Here and not in the resolvers, so that no field can forget it.
            actor_of(info).require(self.permission)
            return resolve(root, info, **arguments)

        return guarded
