"""Statistics are renewed while tables grow, not after each batch."""

import pytest
from django.db import connection, transaction

from crm.database import statistics
from crm.models import Tag
from tests.factories.crm import CompanyFactory


def test_growing_tables_are_looked_at_each_time_they_are_several_times_as_large(monkeypatch):
    renewed: list[str] = []
    monkeypatch.setattr(statistics, "outdated_tables", lambda: ["people_person"])
    monkeypatch.setattr(statistics, "renew_statistics", renewed.append)
    tables = statistics.GrowingTables()

    after = []
    for rows in (500, 1_999, 2_000, 7_999, 8_000, 500_000, 511_999, 512_000):
        tables.note(rows)
        after.append(len(renewed))

    assert after == [0, 0, 1, 1, 2, 3, 3, 4]
    assert set(renewed) == {"people_person"}


@pytest.mark.django_db
def test_tables_that_a_transaction_has_filled_are_looked_at_before_its_end():
    company = CompanyFactory()
    with transaction.atomic():
        Tag.objects.bulk_create(Tag(company=company, name=f"T{n}", slug=f"t{n}") for n in range(1_000))
        grown = statistics.grown_tables()
        statistics.GrowingTables().note(2_000, in_transaction=True)

    assert grown == (["crm_tag"] if connection.vendor == "postgresql" else [statistics.WHOLE_DATABASE])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'crm_tag'")
            assert cursor.fetchone()[0] >= 1_000
