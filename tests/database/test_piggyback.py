"""A statement sent together with another one: both return what each returns alone."""

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from crm.database.piggyback import Piggyback, fetch_with
from crm.database.statements import Parameter, Prepared, Statement
from crm.models import Tag

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

leader = Prepared(lambda key: Tag.objects.filter(pk=key).values_list("name", "created_at", "pk"))
COUNTING = b"SELECT n, nullif(n, 2) FROM generate_series(1, $1::integer) n ORDER BY n DESC"


def counting(most: int) -> Piggyback:
    return Piggyback(Statement(COUNTING, (Parameter("most"),)), {"most": most})


@pytest.fixture
def tag(company):
    return Tag.objects.create(company=company, name="Hot")


@pytest.mark.parametrize("most", [0, 1, 3])
def test_both_are_answered_by_one_statement(tag, most):
    companion = counting(most)
    alone = counting(most).texts()

    with CaptureQueriesContext(connection) as captured:
        rows = fetch_with(companion, leader, key=tag.pk)
        found = companion.texts()

    assert rows == [("Hot", tag.created_at, tag.pk)]
    assert found == alone == [(b"%d" % n, None if n == 2 else b"%d" % n) for n in range(most, 0, -1)]
    assert len([each for each in captured if "SAVEPOINT" not in each["sql"]]) == 1


def test_companion_runs_alone_when_the_leader_has_no_row(tag):
    companion = counting(1)

    assert fetch_with(companion, leader, key=0) == []
    assert companion.found is None
    assert companion.texts() == [(b"1", b"1")]


def test_query_without_companion(tag):
    assert fetch_with(None, leader, key=tag.pk) == [("Hot", tag.created_at, tag.pk)]


def test_refused_companion_does_not_affect_the_leader(tag):
    companion = Piggyback(Statement(b"SELECT 1 / $1::integer", (Parameter("zero"),)), {"zero": 0})

    assert fetch_with(companion, leader, key=tag.pk) == [("Hot", tag.created_at, tag.pk)]
    with pytest.raises(DataError):
        companion.texts()
