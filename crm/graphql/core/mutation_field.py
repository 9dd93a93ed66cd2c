"""The field of a mutation."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.errors import NotFound
from crm.graphql.core.arguments import clean_arguments, input_paths
from crm.graphql.core.permissions import Guarded
from crm.graphql.core.prefetch import refetch_key
from crm.services.files import removed_on_failure


class MutationField(Guarded):
    """A mutation: asks for its permission, cleans its arguments, and names the input in its errors.

    :param prefix: argument that holds the input; empty where the arguments are flat.
    :param names: what the API calls a field of the model, where it differs.
    """

    def __init__(
        self,
        type_: Any,
        *,
        permission: Action,
        prefix: str = "",
        names: Mapping[str, str] | None = None,
        resolver: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Kept from the base class, which would run it in place of the wrapped one.
        super().__init__(type_, permission=permission, **kwargs)
        self.change = resolver
        self.prefix = prefix
        self.names = names or {}

    def wrap_resolve(self, parent_resolver: Callable[..., Any]) -> Callable[..., Any]:
        def cleaned(resolve: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(resolve)
            def change(root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
                values = clean_arguments(info, arguments)
                self._check_same_id(values)

                def act() -> Any:
                    with input_paths(self.prefix, self.names, beside=values.keys() - {self.prefix}):
                        return resolve(root, info, **values)

                with removed_on_failure():
                    return self._once(info, act)

            return change

        return super().wrap_resolve(cleaned(self.change or parent_resolver))

    def _once(self, info: GraphQLResolveInfo, act: Callable[[], Any]) -> Any:
        """Run the mutation, or give what it gave before under the same key."""
        once = info.context.once
        if once is None:
            return act()
        return once.run(str(info.path.key), act, lambda key: refetch_key(info, self.type, key))

    def _check_same_id(self, arguments: Mapping[str, Any]) -> None:
        # An input type that serves creations too has an id; where the row is named already, it is that one.
        within = arguments.get(self.prefix) or {}
        named = within.get("id")
        if named is not None and "id" in arguments and named != arguments["id"]:
            raise NotFound(f"{self.prefix}.id")
