"""Statistics are renewed while tables grow, not after each batch."""

from crm.database import statistics


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
