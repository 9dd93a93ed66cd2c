"""Who asks, and the permission that a field declares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action, Actor
from crm.errors import Unauthenticated
from crm.services.idempotency import Once


@dataclass(kw_only=True)
class Context:
    """The context value of one execution; ``memo`` holds what its resolvers share.

    ``once`` stands for the key of a request that may be repeated, None for a request without one.
    ``selections`` are those collected so far, by type and nodes; it may be the document's own.
    """

    actor: Actor | None
    once: Once | None = None
    memo: dict[Any, Any] = field(default_factory=dict)
    selections: dict[Any, Any] = field(default_factory=dict)


def actor_of(info: GraphQLResolveInfo) -> Actor:
    """Give the actor of an execution.

    :raises Unauthenticated: if the request had no credential.
    """
    context: Context = info.context
    if context.actor is None:
        raise Unauthenticated
    return context.actor


class Guarded(graphene.Field):
    """A root field that asks for a permission before it resolves."""

    def __init__(self, type_: Any, *args: Any, permission: Action = Action.READ, **kwargs: Any) -> None:
        super().__init__(type_, *args, **kwargs)
        self.permission = permission

    def wrap_resolve(self, parent_resolver: Callable[..., Any]) -> Callable[..., Any]:
        resolve = super().wrap_resolve(parent_resolver)

        @wraps(resolve)
        def guarded(root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
            actor_of(info).require(self.permission)
            return resolve(root, info, **arguments)

        return guarded
