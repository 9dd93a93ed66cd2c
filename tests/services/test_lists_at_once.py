"""Defaults and orders changed at the same time: one of each stays, and none is half applied."""

from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.errors import Conflict
from leads.models import LeadStatus
from leads.services.lookups import reorder_lookups, update_lookup
from pipelines.models import Pipeline, Stage
from pipelines.services.pipelines import create_pipeline, update_pipeline
from pipelines.services.stages import create_stage, delete_stage, reorder_stages
from tests.factories.crm import Tenant, tenant
from tests.graphql.people.test_merges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TURNS = range(3)


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


@pytest.mark.parametrize("turn", TURNS)
def test_two_concurrent_default_statuses_leave_one(own, turn):
    won, lost = (LeadStatus.objects.get(company=own.company, name=name) for name in ("Won", "Lost"))

    refused = at_once(
        *(
            lambda status=status: update_lookup(
                LeadStatus, status.pk, {"is_default": True}, actor=own.actors.manager
            )
            for status in (won, lost)
        )
    )

    assert set(refused) <= {"", Conflict.code}
    assert "" in refused
    [default] = LeadStatus.objects.filter(company=own.company, is_default=True)
    assert default in (won, lost)


@pytest.mark.parametrize("turn", TURNS)
def test_two_concurrent_default_pipelines_leave_one(own, turn):
    made = [create_pipeline({"name": name}, actor=own.actors.manager) for name in ("One", "Two")]

    refused = at_once(
        *(
            lambda row=row: update_pipeline(row.pk, {"is_default": True}, actor=own.actors.manager)
            for row in made
        )
    )

    assert set(refused) <= {"", Conflict.code}
    [default] = Pipeline.objects.filter(company=own.company, is_default=True)
    assert default in made


@pytest.mark.parametrize("turn", TURNS)
def test_two_concurrent_orders_leave_one_of_them(own, turn):
    keys = list(LeadStatus.objects.filter(company=own.company).order_by("pk").values_list("pk", flat=True))
    orders = [keys[::-1], [*keys[1:], keys[0]]]

    refused = at_once(
        *(
            lambda order=order: reorder_lookups(LeadStatus, order, actor=own.actors.manager)
            for order in orders
        )
    )

    assert refused == ["", ""]
    rows = LeadStatus.objects.filter(company=own.company).order_by("weight", "pk")
    assert list(rows.values_list("pk", flat=True)) in orders
    assert list(rows.values_list("weight", flat=True)) == list(range(1, len(keys) + 1))


@pytest.mark.parametrize("turn", TURNS)
def test_two_last_stages_deleted_concurrently_leave_one(own, turn):
    stages: Any = [{"name": "First"}, {"name": "Second"}]
    pipeline = create_pipeline({"name": "Short", "stages": stages}, actor=own.actors.manager)
    keys = list(Stage.objects.filter(pipeline=pipeline).values_list("pk", flat=True))

    refused = at_once(*(lambda key=key: delete_stage(key, actor=own.actors.manager) for key in keys))

    assert sorted(refused) == ["", Conflict.code]
    assert Stage.objects.filter(pipeline=pipeline, deleted_at=None).count() == 1


@pytest.mark.parametrize("turn", TURNS)
def test_a_stage_added_during_a_reorder_is_not_lost(own, turn):
    pipeline = Pipeline.objects.default_of(own.company.pk).get()
    keys = list(Stage.objects.filter(pipeline=pipeline).order_by("-weight").values_list("pk", flat=True))

    def reorder() -> None:
        reorder_stages(pipeline.pk, keys, actor=own.actors.manager)

    def add() -> None:
        create_stage({"name": "New one", "pipelines_id": pipeline.pk}, actor=own.actors.manager)

    outcomes = at_once(_expect_refusal(reorder), add)

    weights = list(Stage.objects.filter(pipeline=pipeline).values_list("weight", flat=True))
    assert len(weights) == len(keys) + 1
    assert len(set(weights)) == len(weights)
    assert outcomes == ["", ""]


def _expect_refusal(reorder: Any) -> Any:
    """Call a reorder whose list has changed meanwhile: it may be refused."""

    def act() -> None:
        with suppress(ValidationError):
            reorder()

    return act
