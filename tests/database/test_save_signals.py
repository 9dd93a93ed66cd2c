"""Receivers of ``pre_save`` and ``post_save`` hear the same on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models.signals import post_save, pre_save

from crm.database.inserts import insert_together
from crm.database.updates import save_columns
from crm.models import HistoryEntry, Tag
from leads.models import Lead, StageVisit
from tests.factories.leads import LeadFactory
from tests.graphql.leads.operations import create, update

pytestmark = pytest.mark.django_db

UPDATED = frozenset({"title", "last_activity", "last_activity_at", "search_text", "updated_at", "version"})


@pytest.fixture
def received() -> Iterator[list[tuple[Any, ...]]]:
    """Record which signal came for which model, whether the row had its key, and what was saved."""
    signals: list[tuple[Any, ...]] = []

    def before(sender: Any, instance: Any, update_fields: Any, **_: Any) -> None:
        signals.append(("pre_save", sender, instance.pk is not None, update_fields))

    def after(sender: Any, instance: Any, update_fields: Any, created: bool, **_: Any) -> None:
        assert sender._base_manager.filter(pk=instance.pk).exists()
        signals.append(("post_save", sender, created, update_fields))

    for model in (Lead, StageVisit, HistoryEntry, Tag):
        pre_save.connect(before, sender=model, weak=False)
        post_save.connect(after, sender=model, weak=False)
    yield signals
    for model in (Lead, StageVisit, HistoryEntry, Tag):
        assert pre_save.disconnect(before, sender=model)
        assert post_save.disconnect(after, sender=model)


def test_create_lead(tenant, actors, received):
    create(actors.agent)

    assert received == [
        ("pre_save", Lead, False, None),
        ("pre_save", HistoryEntry, False, None),
        ("pre_save", StageVisit, False, None),
        ("post_save", Lead, True, None),
        ("post_save", HistoryEntry, True, None),
        ("post_save", StageVisit, True, None),
    ]


def test_update_lead(tenant, actors, received):
    lead = LeadFactory(company=tenant.company)
    received.clear()

    update(actors.agent, lead.pk, title="Renamed")

    assert received == [
        ("pre_save", Lead, True, UPDATED),
        ("post_save", Lead, False, UPDATED),
        ("pre_save", HistoryEntry, False, None),
        ("post_save", HistoryEntry, True, None),
    ]


def test_receiver_may_change_a_column_before_it_is_written(company):
    stored = Tag.objects.create(company=company, name="Stored", slug="stored")

    def shout(instance: Tag, **_: Any) -> None:
        instance.name = instance.name.upper()

    pre_save.connect(shout, sender=Tag)
    try:
        save_columns(stored, {"name"})
        insert_together([Tag(company=company, name="new", slug="new")])
    finally:
        pre_save.disconnect(shout, sender=Tag)

    assert sorted(Tag.objects.values_list("name", flat=True)) == ["NEW", "STORED"]
