"""The field of a mutation."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import DatabaseError, InterfaceError
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.database.deadlines import current
from crm.database.failures import after_commit, refusal_of
from crm.errors import NotFound
from crm.graphql.core.arguments import Values, clean_arguments, input_paths
from crm.graphql.core.permissions import Guarded
from crm.graphql.core.prefetch import refetch_key
from crm.services.files import removed_on_failure


@contextmanager
def told_if_stored() -> Iterator[None]:
    """Tell a client that its mutation was committed, where only reading its row failed."""
    deadline = current()
    before = deadline.commits if deadline else 0
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        refusal = refusal_of(error)
        if deadline is None or deadline.commits == before or refusal is None:
            raise
        raise after_commit(refusal) from error


class MutationField(Guarded):
    """A mutation: requires its permission, cleans its arguments, and names the input's fields in errors."""

    def __init__(
        self,
        type_: object,
        *,
        permission: Action,
        prefix: str = "",
        names: Mapping[str, str] | None = None,
        resolver: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Not given to graphene: Field.wrap_resolve would run it in place of the wrapped one.
        super().__init__(type_, permission=permission, **kwargs)
        self._mutate = resolver
        self.prefix = prefix
        self.names = names or {}

    def wrap_resolve(self, parent_resolver: Callable[..., Any]) -> Callable[..., Any]:
        resolve = self._mutate or parent_resolver

        @wraps(resolve)
        def mutate(root: object, info: GraphQLResolveInfo, **arguments: Any) -> object:
            values = clean_arguments(info, arguments)
            self._check_same_id(values)

            def act() -> object:
                with input_paths(self.prefix, self.names, outside=values.keys() - {self.prefix}):
                    return resolve(root, info, **values)

            # Outside the transaction of an idempotent request: its failure must remove stored files too.
            with removed_on_failure(), told_if_stored():
                return self._once(info, act)

        return super().wrap_resolve(mutate)

    def _once(self, info: GraphQLResolveInfo, act: Callable[[], object]) -> object:
        """Run the mutation, or return its first result under the same Idempotency-Key."""
        once = info.context.once
        if once is None:
            return act()
        return once.run(str(info.path.key), act, lambda key: refetch_key(info, self.type, key))

    def _check_same_id(self, arguments: Values) -> None:
        # An input type that also serves creation has an id; it must not contradict the argument.
        nested_id = (arguments.get(self.prefix) or {}).get("id")
        if nested_id is not None and "id" in arguments and nested_id != arguments["id"]:
            raise NotFound(f"{self.prefix}.id")
