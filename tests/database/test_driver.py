"""Statements sent without a cursor: prepared on repeated use, bounded in number, with Django's errors."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import DataError, OperationalError, connection, transaction

from crm.database import driver
from crm.database.statements import Parameter, PythonRow, Sql, Statement
from crm.models import Company

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DOUBLED = Statement.of(Sql("SELECT %s::bigint * 2, %s::text", (Parameter("number"), Parameter("word"))))


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'crm_%%' ORDER BY name")
        return [text for (text,) in cursor.fetchall()]


def doubled(number: int, word: str = "é") -> list[PythonRow]:
    return DOUBLED.rows({"number": number, "word": word})


def run_each_three_times(number: int) -> None:
    for each in range(number):
        for _ in range(3):
            assert Statement.of(Sql(f"SELECT {each}")).rows({}) == [(each,)]


@pytest.fixture(autouse=True)
def fresh_connection(db: None) -> None:
    connection.close()


@pytest.fixture
def protocol(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Record the messages that libpq exchanges with the server; returns what reads them."""
    connection.ensure_connection()
    path = tmp_path / "protocol"

    def read() -> str:
        connection.connection.pgconn.untrace()
        return path.read_text()

    with path.open("w") as file:
        connection.connection.pgconn.trace(file.fileno())
        yield read


def test_rows_are_python_values_and_texts_are_bytes():
    assert doubled(4) == [(8, "é")]
    assert DOUBLED.texts({"number": 4, "word": "é"}) == [(b"8", "é".encode())]


def test_statement_is_prepared_on_third_use():
    seen = []
    for number in range(4):
        doubled(number)
        seen.append(len(prepared()))

    assert seen == [0, 0, 1, 1]


def test_least_recently_used_statements_are_closed(monkeypatch):
    monkeypatch.setattr(driver, "MOST_PREPARED", 2)

    run_each_three_times(4)

    assert prepared() == ["SELECT 2", "SELECT 3"]


def test_statements_are_closed_by_the_protocol_and_not_by_sql(monkeypatch, protocol):
    monkeypatch.setattr(driver, "MOST_PREPARED", 2)

    run_each_three_times(4)

    sent = protocol()
    assert sent.count("CloseComplete") == 2
    assert "DEALLOCATE" not in sent


@pytest.mark.parametrize("reason", ["libpq", "pooler"])
def test_without_close_the_first_statements_stay_prepared(monkeypatch, protocol, settings, reason):
    monkeypatch.setattr(driver, "MOST_PREPARED", 2)
    monkeypatch.setattr(driver, "KNOWS_CLOSE", reason == "pooler")
    settings.DATABASE_POOLER = "transaction" if reason == "pooler" else ""

    run_each_three_times(4)
    run_each_three_times(1)

    sent = protocol()
    assert "Close" not in sent
    assert "DEALLOCATE" not in sent
    assert prepared() == ["SELECT 0", "SELECT 1"]


def test_nothing_is_prepared_without_a_threshold():
    connection.ensure_connection()
    connection.connection.prepare_threshold = None

    assert [doubled(number) for number in range(4)] == [[(2 * number, "é")] for number in range(4)]
    assert prepared() == []


def test_refused_statement_raises_an_error_of_django():
    with pytest.raises(DataError):
        Statement.of(Sql("SELECT 1 / %s::bigint", (Parameter("number"),))).rows({"number": 0})

    assert doubled(1) == [(2, "é")]


def test_lost_connection_raises_an_error_of_django():
    doubled(1)
    connection.connection.pgconn.finish()

    with pytest.raises(OperationalError):
        doubled(1)
    connection.close()

    assert doubled(1) == [(2, "é")]


def test_statement_sees_its_transaction_and_leaves_it_usable(company):
    wrong = Statement.of(Sql("SELECT 1 / %s::bigint", (Parameter("number"),)))
    count = Statement.of(Sql("SELECT count(*) FROM crm_company WHERE name = %s", (Parameter("name"),)))

    with transaction.atomic():
        Company.objects.filter(pk=company.pk).update(name="Renamed")
        with pytest.raises(DataError):
            wrong.texts({"number": 0})
        assert count.rows({"name": "Renamed"}) == [(1,)]
        transaction.set_rollback(True)

    assert count.rows({"name": "Renamed"}) == [(0,)]


def test_transaction_that_must_roll_back_refuses_statements_as_django_does():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            doubled(1)
