"""Registry of the content of webhooks: each app registers how its records are read and filtered."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Protocol

from django.utils.module_loading import import_string

from crm.actors import Actor, Door, Role, Scope

Filter = Mapping[str, object]


class FilterRefused(ValueError):
    """Raised for a filter that is not valid for the records; the text explains where and why to a person."""


class Unreadable(Exception):
    """Raised if a record cannot be read now, through no fault of the receiver."""


class Content(Protocol):
    """Reads the records of one kind; the content is the same for every receiver."""

    #: Raised when a field is removed or changes its meaning.
    version: int

    def check_filter(self, chosen: Filter, *, actor: Actor) -> None:
        """Raise ``FilterRefused`` if a filter is not valid."""

    def matching(self, ids: Collection[int], chosen: Filter, *, actor: Actor) -> set[int]:
        """Return which of some records meet a filter now."""

    def read(self, object_id: int, *, actor: Actor) -> Mapping[str, object] | None:
        """Return the content of a record as it is now, None if it is gone."""


_paths: dict[str, str] = {}


def register(entity: str, path: str) -> None:
    """Register the content of an entity of the event log; ``path`` is imported when it is first needed."""
    _paths[entity] = path


def content_of(entity: str) -> Content:
    return _load(_paths[entity])


@cache
def _load(path: str) -> Content:
    content: Content = import_string(path)()
    return content


def webhook_actor(company_id: int) -> Actor:
    """Return the actor under whose rights records are read: it sees all of a company and may not write."""
    # All of it, since only those who manage the company can set up an endpoint.
    return Actor(
        user_id=None,
        company_id=company_id,
        role=Role.MANAGER,
        door=Door.WEBHOOK,
        scopes=frozenset({Scope.READ}),
    )
