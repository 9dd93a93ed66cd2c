"""Defaults and orders that are changed at the same moment: one of each stays, and none is half done."""

from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.errors import Conflict
from leads.models import LeadStatus
from leads.services.lookups import reorder_lookups, update_lookup
from pipelines.models import Pipeline, Stage
from pipelines.services import create_pipeline, create_stage, delete_stage, reorder_stages, update_pipeline
from tests.factories.crm import Tenant, tenant
from tests.graphql.people.test_merges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TURNS = range(3)


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


@pytest.mark.parametrize("turn", TURNS)
def test_two_statuses_that_become_the_default_at_once_leave_one(own, turn):
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
def test_two_pipelines_that_become_the_default_at_once_leave_one(own, turn):
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
def test_two_orders_at_once_leave_one_of_them(own, turn):
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
def test_of_two_last_stages_that_go_at_once_one_stays(own, turn):
    stages: Any = [{"name": "First"}, {"name": "Second"}]
    pipeline = create_pipeline({"name": "Short", "stages": stages}, actor=own.actors.manager)
    keys = list(Stage.objects.filter(pipeline=pipeline).values_list("pk", flat=True))

    refused = at_once(*(lambda key=key: delete_stage(key, actor=own.actors.manager) for key in keys))

    assert sorted(refused) == ["", Conflict.code]
    assert Stage.objects.filter(pipeline=pipeline, deleted_at=None).count() == 1


@pytest.mark.parametrize("turn", TURNS)
def test_a_stage_that_is_added_while_others_are_put_in_order_is_lost_by_nobody(own, turn):
    pipeline = Pipeline.objects.default_of(own.company.pk).get()
    keys = list(Stage.objects.filter(pipeline=pipeline).order_by("-weight").values_list("pk", flat=True))

    def reorder() -> None:
        reorder_stages(pipeline.pk, keys, actor=own.actors.manager)

    def add() -> None:
        create_stage({"name": "New one", "pipelines_id": pipeline.pk}, actor=own.actors.manager)

    outcomes = at_once(_told(reorder), add)

    weights = list(Stage.objects.filter(pipeline=pipeline).values_list("weight", flat=True))
    assert len(weights) == len(keys) + 1
    assert len(set(weights)) == len(weights)
    assert outcomes == ["", ""]


def _told(reorder: Any) -> Any:
    """Have an order that came too late for its list be refused, as it has to be."""

    def act() -> None:
        with suppress(ValidationError):
            reorder()

    return act
