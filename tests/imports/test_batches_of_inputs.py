"""People given as inputs of the API leave the same tables together as one by one."""

from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from crm.importing import jobs, processing
from crm.models import ImportJob
from tests import stored
from tests.imports.test_batches import DRAWN, OPTIONS, TABLES, tables, world
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant", "world"]

pytestmark = pytest.mark.django_db

INPUT = st.fixed_dictionaries(
    {},
    optional={
        "firstname": st.sampled_from(["Ann", "Eve", "N" * 121]),
        "email": st.sampled_from(["ann@x.example", "cid@x.example", "Cid@X.example", "bad"]),
        "organization": st.sampled_from(["Acme", "Other", None]),
        "tags": st.lists(st.sampled_from([{"name": "VIP"}, {"name": "hot"}, {"name": "T" * 121}])),
        "address": st.lists(st.sampled_from([{"city": "Rome"}, {"city": "Oslo", "zip": "1"}])),
        "custom_fields": st.lists(st.sampled_from([{"name": "segment", "value": "A"}])),
        "external_id": st.sampled_from(["x1", "x2"]),
        "external_source": st.just("hubspot"),
        "do_not_contact": st.booleans(),
    },
)


def imported(before: Any, rows: Any, world: Any, *, policy: Any, dry_run: bool) -> dict[str, list[Any]]:
    with stored.rolled_back():
        for each, is_dry in ((before, False), (rows, dry_run)):
            actor = world.actors.manager
            jobs.start_job("PEOPLE", each, actor=actor, on_duplicate=policy, dry_run=is_dry)
        found = tables()
    for job in found[ImportJob._meta.label]:
        # The name of the file of refused rows is another one each time.
        job["rejects"] = bool(job["rejects"])
    return found


@DRAWN
@given(before=st.lists(INPUT, min_size=1, max_size=5), rows=st.lists(INPUT, max_size=5), **OPTIONS)
def test_inputs(world, monkeypatch, settings, before, rows, single_events, **options):
    settings.IMPORT_SINGLE_EVENTS = single_events
    rows = [*before, *rows]
    together = imported(before, rows, world, **options)
    with monkeypatch.context() as patched:
        patched.setattr(processing, "write_behind", nullcontext)
        patched.setattr(processing, "reading_once", nullcontext)
        one_by_one = imported(before, rows, world, **options)

    for model in TABLES:
        assert together[model._meta.label] == one_by_one[model._meta.label], (model, before, rows)


def test_known_people_take_the_same_statements_however_many_they_are(world, settings, monkeypatch):
    settings.IMPORT_SINGLE_EVENTS = 0
    for name in ("BATCH", "LARGE_BATCH"):
        monkeypatch.setattr(jobs, name, 50)

    def sent(number: int) -> int:
        found: list[str] = []

        def note(execute: Any, sql: Any, *given: Any) -> Any:
            found.append(str(sql))
            return execute(sql, *given)

        rows = [
            {
                "firstname": f"P{n}",
                "email": f"p{n}@x.example",
                "organization": "Acme",
                "tags": [{"name": "VIP"}],
            }
            for n in range(number)
        ]
        with stored.rolled_back():
            options: Any = {"actor": world.actors.manager, "on_duplicate": "UPDATE", "dry_run": False}
            jobs.start_job("PEOPLE", rows, **options)
            with connection.execute_wrapper(note):
                job = jobs.start_job("PEOPLE", [*rows, {"firstname": "New"}], **options)
            assert (job.unchanged, job.created) == (number, 1)
        return len(found)

    sent(1)
    assert sent(40) == sent(2)
