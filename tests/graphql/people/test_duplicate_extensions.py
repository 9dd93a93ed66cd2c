"""Possible duplicates by phone: a number with and without its extension, but never two extensions."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.models import Person
from people.services.clusters import people_clusters
from people.services.duplicate_warning import people_like
from people.services.duplicates import Reason, duplicates_of_people
from people.services.people import create_person
from tests.graphql.people.matching_cases import as_input

pytestmark = pytest.mark.django_db

SWITCHBOARD = "+1 415 555 0200"
FIRST, SECOND = f"{SWITCHBOARD} ext. 101", "(415) 555-0200 x102"


def person(actor: Any, number: str) -> Person:
    names = ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay"]
    return create_person(
        as_input({"firstname": names[Person.objects.count() % 6], "phone": number}), actor=actor
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SWITCHBOARD, FIRST, True),
        ("415.555.0200", SECOND, True),
        (FIRST, "tel:+1-415-555-0200;ext=101", True),
        (FIRST, SECOND, False),
        ("+1 415 555 0200 ext. 10", FIRST, False),
        ("+1 415 555 0201", FIRST, False),
        ("555-7777", "555-7777", False),
    ],
)
def test_who_may_be_the_same(actors, one, other, same):
    first, second = person(actors.agent, one), person(actors.agent, other)

    found = duplicates_of_people([first, second], actors.agent)

    assert found == (
        {first.pk: [second.pk], second.pk: [first.pk]} if same else {first.pk: [], second.pk: []}
    )
    clusters = people_clusters(actor=actors.agent)
    assert [cluster.keys for cluster in clusters] == ([(first.pk, second.pk)] if same else [])
    assert all(cluster.reasons == (Reason.PHONE,) for cluster in clusters)
    values: Any = as_input({"firstname": "New", "phone": one})
    likely = people_like(Person(company_id=first.company_id, firstname="New"), values, actor=actors.agent)
    assert (second in [row for row, _ in likely]) is same


def test_a_switchboard_connects_its_extensions(actors):
    extensions = [person(actors.agent, number) for number in (FIRST, SECOND)]
    assert people_clusters(actor=actors.agent) == []

    board = person(actors.agent, SWITCHBOARD)

    found = duplicates_of_people([board, *extensions], actors.agent)
    assert found[board.pk] == [row.pk for row in extensions]
    assert {found[row.pk][0] for row in extensions} == {board.pk}
    [cluster] = people_clusters(actor=actors.agent)
    assert cluster.keys == (*(row.pk for row in extensions), board.pk)


def test_other_companies_and_deleted_people_connect_nobody(actors, other_actors):
    person(other_actors.agent, SWITCHBOARD)
    gone = person(actors.agent, SWITCHBOARD)
    Person.objects.filter(pk=gone.pk).update(deleted_at="2026-01-01T00:00:00Z")
    rows = [person(actors.agent, number) for number in (FIRST, SECOND)]

    assert people_clusters(actor=actors.agent) == []
    assert duplicates_of_people(rows, actors.agent) == {row.pk: [] for row in rows}


def test_the_statements_do_not_grow(actors):
    def count(rows: list[Person]) -> int:
        with CaptureQueriesContext(connection) as queries:
            duplicates_of_people(rows, actors.agent)
        return len(queries)

    rows = [person(actors.agent, f"{SWITCHBOARD} ext. {number}") for number in range(100, 130)]

    assert count(rows[:1]) == count(rows)
    assert not any(duplicates_of_people(rows, actors.agent).values())
