"""What receivers are told of a record: each app says so of its own."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from crm.actors import Actor, Door, Role, Scope

Filter = Mapping[str, Any]


class FilterRefused(ValueError):
    """A filter that does not fit the records; the text says where and why, to a person."""


class Unreadable(Exception):
    """A record that could not be read now, by a fault that is not the receiver's."""


class Content(Protocol):
    """What is told of the records of one kind, the same for every receiver."""

    #: Rises when a field goes away or changes its meaning.
    version: int

    def check_filter(self, chosen: Filter, *, actor: Actor) -> None:
        """Make sure that a filter fits.

        :raises FilterRefused: if not.
        """

    def matching(self, ids: Collection[int], chosen: Filter, *, actor: Actor) -> set[int]:
        """Give those of some records that meet a filter now.

        :raises FilterRefused: if the filter fits no longer.
        :raises Unreadable: if it could not be found out.
        """

    def read(self, object_id: int, *, actor: Actor) -> dict[str, Any] | None:
        """Give what is told of a record as it is now, None if it is gone.

        :raises Unreadable: if it could not be found out.
        """


CONTENTS: dict[str, Content] = {}


def register(entity: str, content: Content) -> None:
    """Say what is told of the records of a kind.

    :param entity: its name in the log of events, and in payloads.
    """
    CONTENTS[entity] = content


def reader(company_id: int) -> Actor:
    """Give the actor for whom records are read: nobody in person, who sees all of a company and writes none.

    Whoever sets up an endpoint manages the company.
    """
    return Actor(
        user_id=None,
        company_id=company_id,
        role=Role.MANAGER,
        door=Door.WEBHOOK,
        scopes=frozenset({Scope.READ}),
    )
