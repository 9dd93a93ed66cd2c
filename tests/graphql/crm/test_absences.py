"""Create, update and delete absences: own ones and, for managers, those of others."""

from typing import Any

import pytest

from crm.models import Absence
from tests.clients import data, refusal
from tests.stored import read_all

pytestmark = pytest.mark.django_db

FIELDS = "id starts_at ends_at reason user { id }"
CREATE = f"mutation ($input: AbsenceInput!) {{ createAbsence(input: $input) {{ {FIELDS} }} }}"
UPDATE = f"""mutation ($id: ID!, $input: AbsenceInput!) {{
  updateAbsence(id: $id, input: $input) {{ {FIELDS} }} }}"""
DELETE = "mutation ($id: ID!) { deleteAbsence(id: $id) }"
LIST = """query($where: QueryAbsencesWhereWhereConditions) {
  absences(where: $where, orderBy: [{column: STARTS_AT, order: DESC}]) { data { reason user { id } } } }"""
WEEK: dict[str, Any] = {"starts_at": "2026-07-01T09:00:00+02:00", "ends_at": "2026-07-08 07:00:00"}


def create(actor: Any, **values: Any) -> Any:
    return data(CREATE, actor=actor, variables={"input": {**WEEK, **values}})["createAbsence"]


def refused(document: str, actor: Any, **variables: Any) -> dict[str, Any]:
    before = read_all()
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def test_an_agent_creates_own_absences(actors, tenant):
    created = create(actors.agent, reason="Holiday")

    assert created == {
        "id": created["id"],
        "starts_at": "2026-07-01T07:00:00+00:00",
        "ends_at": "2026-07-08T07:00:00+00:00",
        "reason": "Holiday",
        "user": {"id": str(tenant.users["agent"].pk)},
    }


def test_managers_create_absences_of_others(actors, tenant):
    created = create(actors.manager, user_id=tenant.users["agent"].pk)
    identifier = created["id"]

    assert created["user"] == {"id": str(tenant.users["agent"].pk)}
    changed = data(UPDATE, actor=actors.manager, variables={"id": identifier, "input": {"reason": "Ill"}})[
        "updateAbsence"
    ]
    assert (changed["reason"], changed["starts_at"]) == ("Ill", created["starts_at"])
    assert data(DELETE, actor=actors.manager, variables={"id": identifier}) == {"deleteAbsence": True}
    assert not Absence.objects.exists()


def test_agents_do_not_change_absences_of_others(actors, tenant):
    other = {**WEEK, "user_id": tenant.users["colleague"].pk}
    identifier = create(actors.colleague)["id"]
    forbidden = {"code": "FORBIDDEN"}

    assert refused(CREATE, actors.agent, input=other) == forbidden
    assert refused(UPDATE, actors.agent, id=identifier, input={"reason": "x"}) == forbidden
    assert refused(DELETE, actors.agent, id=identifier) == forbidden
    assert refused(CREATE, actors.viewer, input=WEEK) == forbidden
    mine = create(actors.agent)["id"]
    given_away = {"user_id": tenant.users["colleague"].pk}
    assert refused(UPDATE, actors.agent, id=mine, input=given_away) == forbidden


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"ends_at": WEEK["starts_at"]}, "input.ends_at"),
        ({"ends_at": "2026-06-30T00:00:00+00:00"}, "input.ends_at"),
        ({"starts_at": None}, "input.starts_at"),
        ({"reason": "x" * 256}, "input.reason"),
    ],
)
def test_moments_and_reasons_are_checked(actors, values, path):
    error = refused(CREATE, actors.agent, input={**WEEK, **values})

    assert (error["code"], list(error["validation"])) == ("VALIDATION", [path])


def test_both_moments_are_required(actors):
    error = refused(CREATE, actors.agent, input={})

    assert sorted(error["validation"]) == ["input.ends_at", "input.starts_at"]


def test_other_companies_find_none(actors, other_actors):
    identifier = create(actors.agent)["id"]

    unknown = {"code": "NOT_FOUND", "argument": "id"}
    assert refused(UPDATE, other_actors.admin, id=identifier, input={}) == unknown
    assert refused(DELETE, other_actors.admin, id=identifier) == unknown
    assert data(LIST, actor=other_actors.admin)["absences"]["data"] == []


def test_absences_are_listed_by_member(actors, tenant):
    create(actors.agent, reason="First")
    create(actors.agent, reason="Second", starts_at="2026-07-02T00:00:00Z")
    create(actors.colleague, reason="Other")
    where = {"column": "USERS_ID", "value": tenant.users["agent"].pk}

    rows = data(LIST, actor=actors.viewer, variables={"where": where})["absences"]["data"]

    assert [row["reason"] for row in rows] == ["Second", "First"]
