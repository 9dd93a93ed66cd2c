"""Actors of one class, for whom a statement is the same but for its values."""

from dataclasses import replace
from typing import Any

from crm.actors import Actor
from crm.database.statements import Parameter

COMPANY, USER = Parameter("company"), Parameter("user")


def actor_class(actor: Actor) -> Actor:
    """Give what all actors of one class have in common: role, scopes, and what decides on visibility."""
    symbolic: Any = {"company_id": COMPANY, "user_id": None if actor.user_id is None else USER}
    return replace(actor, via=None, **symbolic)


def class_key(actor: Actor) -> tuple[Any, ...]:
    """Give the key of an actor's class; actors of one class have the same plans."""
    return (
        actor.role,
        actor.door,
        actor.scopes,
        actor.company_sees_all_leads,
        actor.opens_all,
        actor.user_id is None,
    )
