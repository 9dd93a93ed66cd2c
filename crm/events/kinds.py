"""The kinds of records whose changes are in the event log; apps register theirs in ``AppConfig.ready``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from crm.models.lifecycle import LiveModel


@dataclass(frozen=True, kw_only=True)
class LoggedKind:
    """One kind of record, as the event log, subscriptions and webhooks know it."""

    #: Its name in the log; in capitals the name in the API's ``RecordKind``, as it is the field of a
    #: ``RecordEvent``.
    entity: str
    model: type[LiveModel]
    #: Import path of the type in the API. A path, since commands without the API load no GraphQL types.
    graphql_type: str
    #: Name of the API's list and import path of its filter set; None if subscriptions cannot filter the kind.
    graphql_list: tuple[str, str] | None = None
    #: Returns the users who see a record now in a company whose members see only their own leads; None for a
    #: kind that every member sees.
    readers: Callable[[int], frozenset[int] | None] | None = None
    #: Relations whose previous ids are part of the events, by attribute name.
    notified: frozenset[str] = frozenset()
    #: Whether ``saving`` writes the events; otherwise the services of the kind do.
    is_automatic: bool = True

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name)

    def readers_of(self, key: int) -> frozenset[int] | None:
        """Return the users who see a record now, None for all members."""
        return None if self.readers is None else self.readers(key)


_kinds: dict[str, LoggedKind] = {}
_by_model: dict[type[Any], LoggedKind] = {}


def register(kind: LoggedKind) -> None:
    """Register a kind of records.

    :raises ImproperlyConfigured: if another one has its name or model.
    """
    if kind.entity in _kinds or kind.model in _by_model:
        raise ImproperlyConfigured(f"The kind {kind.entity} of the event log is registered twice.")
    _kinds[kind.entity] = _by_model[kind.model] = kind


def logged_kinds() -> tuple[LoggedKind, ...]:
    """Return all kinds by their names."""
    return tuple(sorted(_kinds.values(), key=lambda kind: kind.entity))


def kind_named(entity: str) -> LoggedKind:
    return _kinds[entity]


def kind_of(model: type[Any]) -> LoggedKind | None:
    """Return the kind of a model, None if its changes are not in the log."""
    return _by_model.get(model)
