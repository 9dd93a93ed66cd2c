"""Concurrent merges: each record ends in one place, without deadlocks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from crm.errors import CrmError
from leads.models import Lead
from leads.services.leads import create_lead, update_lead
from people.models import Merge, Person
from people.services.merging import merge
from people.services.people import create_person, update_person
from people.services.unmerging import undo_merge
from tests.factories.crm import tenant as make_tenant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tenant(db):
    """A company of each test's own, since one of them commits."""
    return make_tenant()


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run each call in a thread of its own; return its refusal, or an empty text."""
    together = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> str:
        try:
            together.wait()
            call()
        except CrmError as refused:
            return refused.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_crossing_merges_leave_one_person(actors):
    people = [
        create_person({"firstname": "Jane", "email": "j@example.com"}, actor=actors.agent) for _ in "1234"
    ]
    for person in people:
        create_lead({"title": "Deal", "people_id": person.pk}, actor=actors.agent)
    keys = [person.pk for person in people]

    refused = at_once(
        *(
            lambda turn=turn: merge(Person, keys[turn], [*keys[turn + 1 :], *keys[:turn]], actor=actors.agent)
            for turn in range(4)
        )
    )

    winner = Person.objects.get(deleted_at=None)
    assert sorted(refused) == ["", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]
    assert set(Lead.objects.values_list("person", flat=True)) == {winner.pk}
    assert Merge.objects.count() == 1


def test_changes_since_the_merge_are_kept(actors):
    winner, loser = (create_person({"firstname": "Jane"}, actor=actors.agent) for _ in range(2))
    leads = [create_lead({"title": "Deal", "people_id": loser.pk}, actor=actors.agent) for _ in range(4)]

    refused = at_once(
        lambda: merge(Person, winner.pk, [loser.pk], actor=actors.agent),
        lambda: update_person(winner.pk, {"lastname": "Doe"}, actor=actors.agent),
        *(lambda lead=lead: update_lead(lead.pk, {"title": "Changed"}, actor=actors.agent) for lead in leads),
    )

    assert refused == [""] * 6
    assert Person.objects.get(pk=winner.pk).lastname == "Doe"
    assert set(Lead.objects.values_list("title", "person", "version")) == {("Changed", winner.pk, 3)}


def test_a_merge_is_undone_only_once(actors):
    people = [create_person({"firstname": "Jane"}, actor=actors.agent) for _ in range(2)]
    _, done = merge(Person, people[0].pk, [people[1].pk], actor=actors.agent)

    refused = at_once(*[lambda: undo_merge(done.pk, actor=actors.manager)] * 4)

    assert sorted(refused) == ["", "CONFLICT", "CONFLICT", "CONFLICT"]
    assert [person.version for person in Person.objects.order_by("pk")] == [3, 3]
