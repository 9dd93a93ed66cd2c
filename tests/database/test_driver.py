"""Statements past the cursors: prepared when they are used again, bounded, and failing as Django's do."""

from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction

from crm.database import driver
from crm.database.statements import Parameter, Sql, Statement
from crm.models import Company

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DOUBLED = Statement.of(Sql("SELECT %s::bigint * 2, %s::text", (Parameter("number"), Parameter("word"))))


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'crm_%%' ORDER BY name")
        return [text for (text,) in cursor.fetchall()]


def asked(number: Any, word: str = "é") -> list[tuple[Any, ...]]:
    return DOUBLED.rows({"number": number, "word": word})


@pytest.fixture(autouse=True)
def fresh_connection(db: None) -> None:
    connection.close()


def test_values_come_back_as_those_of_python():
    assert asked(4) == [(8, "é")]
    assert DOUBLED.texts({"number": 4, "word": "é"}) == [(b"8", "é".encode())]


def test_statement_is_prepared_from_the_third_use_on():
    seen = []
    for number in range(4):
        asked(number)
        seen.append(len(prepared()))

    assert seen == [0, 0, 1, 1]


def test_kept_statements_are_bounded(monkeypatch):
    monkeypatch.setattr(driver, "MOST_PREPARED", 2)

    for number in range(4):
        for _ in range(3):
            Statement.of(Sql(f"SELECT {number}")).rows({})

    assert prepared() == ["SELECT 2", "SELECT 3"]


def test_nothing_is_prepared_where_that_is_off():
    connection.ensure_connection()
    connection.connection.prepare_threshold = None

    assert [asked(number) for number in range(4)] == [[(2 * number, "é")] for number in range(4)]
    assert prepared() == []


def test_refusal_of_the_database_is_one_of_django():
    with pytest.raises(DataError):
        Statement.of(Sql("SELECT 1 / %s::bigint", (Parameter("number"),))).rows({"number": 0})

    assert asked(1) == [(2, "é")]


def test_lost_connection_is_an_error_of_django():
    asked(1)
    connection.connection.pgconn.finish()

    with pytest.raises(OperationalError):
        asked(1)
    connection.close()

    assert asked(1) == [(2, "é")]


def test_statement_in_a_transaction_sees_it_and_leaves_it_usable(company):
    wrong = Statement.of(Sql("SELECT 1 / %s::bigint", (Parameter("number"),)))
    count = Statement.of(Sql("SELECT count(*) FROM crm_company WHERE name = %s", (Parameter("name"),)))

    with transaction.atomic():
        Company.objects.filter(pk=company.pk).update(name="Renamed")
        with pytest.raises(DataError):
            wrong.texts({"number": 0})
        assert count.rows({"name": "Renamed"}) == [(1,)]
        transaction.set_rollback(True)

    assert count.rows({"name": "Renamed"}) == [(0,)]
