"""Actors share compiled statements only if nothing but ids and doors distinguishes them."""

from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from crm.actors import Actor, Door, Role, Scope
from crm.database.actor_cache_key import PERSONAL, actor_cache_key, symbolic_actor
from crm.database.statements import NotCompilable

AGENT = Actor(user_id=1, company_id=2, role=Role.AGENT, door=Door.GRAPHQL, via="token")
#: Another value for each field of an actor.
OTHER: dict[str, Any] = {
    "user_id": 3,
    "company_id": 4,
    "door": Door.IMPORT,
    "via": "another token",
    "region": "DE",
    "role": Role.MANAGER,
    "scopes": frozenset({Scope.READ}),
    "company_sees_all_leads": False,
    "opens_all": True,
    "registered_documents_only": True,
}


@dataclass(frozen=True, kw_only=True)
class TeamMember(Actor):
    """An actor with a field that was added later."""

    team: str


def test_every_field_has_another_value_here():
    assert set(OTHER) == {field.name for field in fields(Actor)}


@pytest.mark.parametrize("name", OTHER)
def test_only_personal_fields_are_left_out_of_the_key(name):
    other = replace(AGENT, **{name: OTHER[name]})

    assert other != AGENT
    assert (actor_cache_key(other) == actor_cache_key(AGENT)) is (name in PERSONAL)


def test_personal_fields_are_these():
    assert set(PERSONAL) == {"company_id", "user_id", "door", "via", "region"}


def test_field_that_is_added_to_actors_changes_the_key():
    north, south = (
        TeamMember(user_id=1, company_id=2, role=Role.AGENT, door=Door.GRAPHQL, team=team)
        for team in ("north", "south")
    )

    assert actor_cache_key(north) != actor_cache_key(south)
    assert actor_cache_key(north) == actor_cache_key(replace(north, user_id=3, company_id=4))
    assert symbolic_actor(north) != symbolic_actor(south)


def test_system_without_a_user_shares_nothing_with_members():
    assert actor_cache_key(replace(AGENT, user_id=None)) != actor_cache_key(AGENT)
    assert symbolic_actor(replace(AGENT, user_id=None)).user_id is None


def test_actors_with_the_same_key_are_compiled_alike():
    personal = {name: OTHER[name] for name in PERSONAL}

    assert symbolic_actor(replace(AGENT, **personal)) == symbolic_actor(AGENT)


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_value_cannot_be_compared_while_compiling(name):
    with pytest.raises(NotCompilable):
        assert getattr(symbolic_actor(AGENT), name) == getattr(AGENT, name)
