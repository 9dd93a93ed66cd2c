"""Rows and savepoints that are held back: who reads meets them, and what is rolled back is gone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm.actors import Actor
from crm.database import write_behind as kept
from crm.database.background import Background
from crm.database.inserts import insert_all
from crm.database.write_behind import WriteFailed, change_columns, write_ahead, write_behind
from crm.models import Tag
from crm.services.tags import create_tag
from people.models import Organization
from people.services.organizations import create_organization

pytestmark = pytest.mark.django_db


def refused(agent: Actor, *, is_read: bool) -> None:
    """Make organizations in savepoints that are rolled back."""
    with transaction.atomic():
        create_organization({"name": "Gone"}, actor=agent)
        # A statement in a savepoint sends it, with those around it.
        assert not is_read or Organization.objects.filter(name="Gone").exists()
        with transaction.atomic():
            create_organization({"name": "Gone too"}, actor=agent)
        raise KeyError


def test_savepoints_take_back_the_rows_that_are_kept(tenant):
    agent = tenant.actors.agent
    with write_behind():
        with transaction.atomic():
            create_tag({"name": "Kept"}, actor=agent)
        for is_read in (False, True):
            with pytest.raises(KeyError):
                refused(agent, is_read=is_read)
        create_organization({"name": "Last"}, actor=agent)

    names = Organization.objects.filter(company=tenant.company).order_by("pk")
    assert list(names.values_list("name", flat=True)) == ["Last"]
    assert Tag.objects.filter(name="Kept").exists()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The rows that a thread is given to write, by model; it is given whatever is kept."""
    given: list[Any] = []
    start = Background.start

    def note(self: Any, work: Any) -> None:
        given.append({model.__name__: len(rows) for model, rows in work.args[0].items() if rows})
        start(self, work)

    monkeypatch.setattr(kept, "ENOUGH_ROWS", 1)
    monkeypatch.setattr(Background, "start", note)
    return given


def test_rows_that_are_written_ahead_are_met_and_changed(tenant, written):
    agent = tenant.actors.agent
    with write_behind():
        acme = create_organization({"name": "Acme"}, actor=agent)
        write_ahead()
        change_columns(Organization, [acme.pk], {"address": "Via 1"}, {"version": 1})
        # A change waits for its statement: it alone is no reason to write ahead.
        write_ahead()
        create_organization({"name": "Other"}, actor=agent)
        write_ahead()
        with transaction.atomic():
            create_organization({"name": "Open"}, actor=agent)
            # The savepoint may still take the row back.
            write_ahead()
        found = Organization.objects.filter(company=tenant.company).order_by("pk")
        assert list(found.values_list("name", "address", "version")) == [
            ("Acme", "Via 1", acme.version + 1),
            ("Other", None, 1),
            ("Open", None, 1),
        ]

    is_thread_used = connection.vendor == "postgresql"
    # The thread may have been busy with the first when the second was made.
    assert [each["Organization"] for each in written][:1] == [1] * is_thread_used


def written_and_refused(agent: Actor) -> None:
    with transaction.atomic(), write_behind():
        create_organization({"name": "Gone"}, actor=agent)
        write_ahead()
        raise KeyError


def test_rows_that_are_written_ahead_are_taken_back_with_their_transaction(tenant, written):
    with pytest.raises(KeyError):
        written_and_refused(tenant.actors.agent)

    assert not Organization.objects.filter(company=tenant.company).exists()


def written_twice(tag: Tag, then: Callable[[Tag], object]) -> None:
    with transaction.atomic(), write_behind():
        insert_all([tag])
        write_ahead()
        then(tag)


@pytest.mark.parametrize(
    "then",
    [
        lambda tag: Tag.objects.count(),
        lambda tag: write_ahead(),
        lambda tag: insert_all([Tag(company_id=tag.company_id, name="New", slug="new")]),
        lambda tag: None,
    ],
    ids=["a statement", "the next rows", "a new key", "the end"],
)
def test_what_the_database_refuses_of_rows_written_ahead_is_raised_once(tenant, written, then):
    tag = create_tag({"name": "Taken"}, actor=tenant.actors.agent)
    with pytest.raises(WriteFailed) as failed:
        written_twice(tag, then)

    assert isinstance(failed.value.__cause__, IntegrityError)
    # The connection is free for its thread.
    assert Tag.objects.filter(company=tenant.company).get() == tag
