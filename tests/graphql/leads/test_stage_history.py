"""Stage history and rotting in the API."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from crm.actors import Door, system_actor
from leads.models import Lead, StageVisit
from leads.services.closing import close_lead
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from leads.services.signal_handlers import follow_discussion
from pipelines.models import Pipeline, Stage
from tests.clients import data
from tests.factories.crm import Actors
from tests.factories.pipelines import StageFactory

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HISTORY = """query($id: ID!) { lead(id: $id) { days_in_stage stage_history {
  stage_name pipeline_name entered_at left_at door via days seconds user { id } stage { id } } } }"""
ROTTING = """query($id: ID!) { lead(id: $id) {
  is_rotting rotting_reason last_activity last_activity_at } }"""


@pytest.fixture
def stages(tenant):
    return list(Stage.objects.filter(pipeline__company=tenant.company).order_by("weight", "pk"))


def query_lead(document, lead, actor):
    return data(document, actor=actor, variables={"id": lead.pk})["lead"]


def moved(lead, stage, actor, days):
    with time_machine.travel(START + timedelta(days=days), tick=False):
        update_lead(lead.pk, {"pipeline_stage_id": stage.pk}, actor=actor)


@pytest.fixture
def lead(actors, stages):
    with time_machine.travel(START, tick=False):
        return create_lead({"title": "Deal", "pipeline_stage_id": stages[0].pk}, actor=actors.agent)


def test_each_visit_has_user_and_door(lead, stages, actors: Actors):
    moved(lead, stages[1], actors.manager.through(Door.IMPORT, via="run 7"), 3)
    moved(lead, stages[0], actors.agent, 4)

    with time_machine.travel(START + timedelta(days=6, hours=1), tick=False):
        found = query_lead(HISTORY, lead, actors.viewer)
    visits = found["stage_history"]

    assert found["days_in_stage"] == 2
    assert [(visit["stage_name"], visit["days"], visit["door"], visit["via"]) for visit in visits] == [
        (stages[0].name, 3, actors.agent.door.value, actors.agent.via),
        (stages[1].name, 1, "import", "run 7"),
        (stages[0].name, 2, actors.agent.door.value, actors.agent.via),
    ]
    assert [visit["left_at"] for visit in visits] == [
        visits[1]["entered_at"],
        visits[2]["entered_at"],
        None,
    ]
    assert [visit["user"]["id"] for visit in visits] == [
        str(actor.user_id) for actor in (actors.agent, actors.manager, actors.agent)
    ]
    assert visits[2]["seconds"] == 2 * 86_400 + 3_600


def test_a_change_without_a_move_adds_no_visit(lead, actors):
    update_lead(lead.pk, {"title": "Other"}, actor=actors.agent)
    close_lead(lead.pk, "won", actor=actors.agent)

    assert StageVisit.objects.filter(lead=lead).count() == 1


def test_names_stay_when_a_stage_is_renamed(lead, stages, actors):
    old = stages[0].name
    moved(lead, stages[1], actors.agent, 1)
    Stage.objects.filter(pk=stages[0].pk).update(name="Renamed")

    assert query_lead(HISTORY, lead, actors.viewer)["stage_history"][0]["stage_name"] == old


def test_a_restored_lead_enters_another_stage_when_its_own_is_gone(tenant, lead, actors, stages):
    extra = StageFactory(company=tenant.company, pipeline=stages[0].pipeline, name="Extra")
    moved(lead, extra, actors.agent, 1)
    delete_lead(lead.pk, actor=actors.agent)
    Stage.objects.filter(pk=extra.pk).update(deleted_at=datetime.now(UTC))

    restore_lead(lead.pk, actor=actors.agent)

    names = list(StageVisit.objects.filter(lead=lead).order_by("pk").values_list("stage_name", flat=True))
    entry = Stage.objects.entry_of(Pipeline.objects.default_of(tenant.company.pk).get().pk)
    assert entry is not None
    assert names == [stages[0].name, "Extra", entry.name]
    assert StageVisit.objects.get(lead=lead, left_at=None).stage == entry


def rotting(lead, actor, days):
    with time_machine.travel(START + timedelta(days=days), tick=False):
        return query_lead(ROTTING, lead, actor)


def test_a_lead_rots_at_its_limit_with_a_reason(lead, stages, actors):
    Stage.objects.filter(pk=stages[0].pk).update(rotting_days=7)

    assert rotting(lead, actors.viewer, 6.999)["rotting_reason"] is None
    found = rotting(lead, actors.viewer, 7)
    assert found["is_rotting"] is True
    assert found["rotting_reason"] == "7 days since entry into the stage of 1 March, limit 7"


def test_a_note_today_stops_a_hundred_day_old_lead_from_rotting(lead, stages, actors):
    Stage.objects.filter(pk=stages[0].pk).update(rotting_days=7)
    stored = Lead.objects.get(pk=lead.pk)
    for activity, day in (("NOTE", 100), ("MESSAGE", 50)):
        with time_machine.travel(START + timedelta(days=day), tick=False):
            follow_discussion(stored, activity, actor=actors.agent)

    assert rotting(lead, actors.viewer, 100) == {
        "is_rotting": False,
        "rotting_reason": None,
        "last_activity": "NOTE",
        "last_activity_at": "2026-06-09T12:00:00+00:00",
    }
    found = rotting(lead, actors.viewer, 112)
    assert found["rotting_reason"] == "12 days since note of 9 June, limit 7"


def test_moving_back_starts_a_new_visit(lead, stages, actors):
    Stage.objects.filter(pk=stages[0].pk).update(rotting_days=7)
    moved(lead, stages[1], actors.agent, 99)
    moved(lead, stages[0], actors.agent, 100)

    found = rotting(lead, actors.viewer, 106)
    assert (found["is_rotting"], found["last_activity"]) == (False, "STAGE")
    assert rotting(lead, actors.viewer, 107)["is_rotting"] is True


@pytest.mark.parametrize(
    ("rotting_days", "outcome"), [(0, None), (7, "won"), (7, "lost")], ids=["zero", "won", "lost"]
)
def test_leads_that_never_rot(lead, stages, actors, rotting_days, outcome):
    Stage.objects.filter(pk=stages[0].pk).update(rotting_days=rotting_days)
    if outcome:
        close_lead(lead.pk, outcome, actor=actors.agent, reason_lost="Price")

    found = rotting(lead, actors.viewer, 1000)
    assert (found["is_rotting"], found["rotting_reason"]) == (False, None)


def test_days_are_elapsed_time_when_clocks_change(lead, stages, actors):
    # In Europe and America clocks went forward by an hour between these two moments.
    Stage.objects.filter(pk=stages[0].pk).update(rotting_days=30)

    with time_machine.travel(datetime(2026, 3, 31, 11, 59, 59, tzinfo=UTC), tick=False):
        assert query_lead(ROTTING, lead, actors.viewer)["is_rotting"] is False
    with time_machine.travel(datetime(2026, 3, 31, 12, tzinfo=UTC), tick=False):
        found = query_lead(ROTTING, lead, actors.viewer)
    assert found["rotting_reason"] == "30 days since entry into the stage of 1 March, limit 30"


def test_changes_that_count_as_activity(tenant, lead, actors):
    def after(values, actor, day):
        with time_machine.travel(START + timedelta(days=day), tick=False):
            update_lead(lead.pk, values, actor=actor)
        stored = Lead.objects.get(pk=lead.pk)
        return stored.last_activity, stored.last_activity_at

    system = system_actor(tenant.company.pk)
    colleague = tenant.users["colleague"].pk
    assert after({"tags": [{"name": "Hot"}]}, actors.agent, 1) == ("STAGE", START)
    assert after({"title": "Deal"}, actors.agent, 2) == ("STAGE", START)
    assert after({"leads_owner_id": actors.manager.user_id}, system, 3) == ("STAGE", START)
    assert after({"title": "New"}, actors.agent, 4) == ("CHANGE", START + timedelta(days=4))
    assert after({"leads_owner_id": colleague}, actors.agent, 5) == ("OWNER", START + timedelta(days=5))


def test_leads_are_ordered_by_their_last_activity(lead, actors):
    with time_machine.travel(START + timedelta(days=1), tick=False):
        create_lead({"title": "Later"}, actor=actors.agent)
    document = """{ leads(orderBy: [{column: LAST_ACTIVITY_AT, order: DESC}],
      where: {column: LAST_ACTIVITY_AT, operator: GTE, value: "2026-03-01T00:00:00+00:00"}) {
      data { title } } }"""

    found = data(document, actor=actors.viewer)["leads"]["data"]

    assert [row["title"] for row in found] == ["Later", "Deal"]
