"""The attributes of an actor that a compiled statement depends on, and those that are parameters."""

from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from crm.actors import Actor
from crm.database.statements import Parameter

COMPANY, USER = Parameter("company"), Parameter("user")
#: The only fields in which actors that share a statement may differ: ids are bound when it runs, reads do not
#: depend on the door, and the region decides on values alone. Any other field, one added later included, is
#: part of the key, so that no actor gets a statement that was compiled for another one's rights.
PERSONAL = {
    "company_id": COMPANY,
    "user_id": USER,
    "door": Parameter("door"),
    "via": Parameter("via"),
    "region": Parameter("region"),
}


def symbolic_actor(actor: Actor) -> Actor:
    """Return the actor with parameters for all that is personal; to compare one raises ``NotCompilable``."""
    personal: dict[str, Any] = PERSONAL if actor.user_id is not None else PERSONAL | {"user_id": None}
    return replace(actor, **personal)


_shared_values: dict[type[Actor], Callable[[Actor], Hashable]] = {}


def actor_cache_key(actor: Actor) -> tuple[Hashable, ...]:
    """Return a key that two actors have in common only if they may share compiled statements."""
    kind = type(actor)
    if kind not in _shared_values:
        # attrgetter runs in C: this key is made for every request.
        shared = (field.name for field in fields(kind) if field.name not in PERSONAL)
        _shared_values[kind] = attrgetter(*shared)
    return actor.user_id is None, _shared_values[kind](actor)
