import pytest

from crm.actors import Actor, Door, Role
from crm.events.audience import Visibility, rule_for
from tests.events.layers import make_event

OWN, OTHER = 5, 6


def actor_of(role: Role = Role.AGENT, *, company_id: int = 1, sees_all: bool = False) -> Actor:
    return Actor(
        user_id=OWN, company_id=company_id, role=role, door=Door.GRAPHQL, company_sees_all_leads=sees_all
    )


@pytest.mark.parametrize("kind", ["created", "updated", "deleted", "restored", "bulk"])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("sees_all", [True, False])
def test_another_company_receives_nothing(kind, role, sees_all):
    event = make_event(kind=kind, before=frozenset({OWN}), after=frozenset({OWN}))

    assert rule_for(event, actor_of(role, company_id=2, sees_all=sees_all)).visibility is Visibility.NOTHING


@pytest.mark.parametrize(
    "actor",
    [actor_of(Role.VIEWER, sees_all=True), actor_of(Role.MANAGER), actor_of(Role.ADMIN)],
    ids=lambda actor: actor.role,
)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("created", Visibility.PAYLOAD),
        ("updated", Visibility.PAYLOAD),
        ("restored", Visibility.PAYLOAD),
        ("deleted", Visibility.REMOVED),
        ("bulk", Visibility.REFETCH),
    ],
)
def test_a_member_who_sees_all_receives_all(actor, kind, expected):
    event = make_event(kind=kind, before=frozenset({OTHER}), after=frozenset({OTHER}))

    assert rule_for(event, actor).visibility is expected


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("updated", {OWN}, {OWN}, Visibility.PAYLOAD),
        ("updated", {OTHER}, {OWN}, Visibility.PAYLOAD),
        ("updated", {OWN}, {OTHER}, Visibility.REMOVED),
        ("updated", {OTHER}, {OTHER}, Visibility.NOTHING),
        ("updated", None, None, Visibility.PAYLOAD),
        ("updated", None, {OTHER}, Visibility.REMOVED),
        ("created", {OWN}, {OTHER}, Visibility.NOTHING),
        ("created", None, {OTHER}, Visibility.NOTHING),
        ("created", None, {OWN}, Visibility.PAYLOAD),
        ("restored", None, {OTHER}, Visibility.NOTHING),
        ("restored", set(), {OWN}, Visibility.PAYLOAD),
        ("deleted", {OWN}, {OWN}, Visibility.REMOVED),
        ("deleted", {OWN}, None, Visibility.REMOVED),
        ("deleted", {OTHER}, None, Visibility.NOTHING),
        ("bulk", set(), set(), Visibility.REFETCH),
    ],
)
def test_a_member_who_sees_own_records_receives_those(kind, before, after, expected):
    event = make_event(
        kind=kind,
        before=None if before is None else frozenset(before),
        after=None if after is None else frozenset(after),
    )

    assert rule_for(event, actor_of(Role.AGENT)).visibility is expected
