"""Statuses, types, sources and lost reasons: mutations, replacement and order."""

from typing import Any

import pytest

from crm.models.history import HistoryEntry
from leads.models import Lead, LeadLostReason, LeadSource, LeadStatus, LeadType
from leads.services.company_setup import LOST_REASONS
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from tests.clients import data, refusal
from tests.stored import read_all

pytestmark = pytest.mark.django_db

MODELS: dict[str, Any] = {
    "LeadStatus": LeadStatus,
    "LeadType": LeadType,
    "LeadSource": LeadSource,
    "LeadLostReason": LeadLostReason,
}
#: The key of a lead's input that names a row of each list.
COLUMNS = {
    "LeadStatus": "status_id",
    "LeadType": "type_id",
    "LeadSource": "source_id",
    "LeadLostReason": "lost_reason_id",
}
FIELDS = {
    "LeadStatus": "id name category is_default weight",
    "LeadType": "id name description is_active company { id }",
    "LeadSource": "id name description is_active type { name } leadType { name } company { id }",
    "LeadLostReason": "id name is_active weight",
}


def document(operation: str, kind: str) -> str:
    fields = FIELDS[kind]
    if operation == "create":
        return f"mutation ($input: {kind}Input!) {{ answer: create{kind}(input: $input) {{ {fields} }} }}"
    if operation == "update":
        return f"""mutation ($id: ID!, $input: {kind}Input!) {{
          answer: update{kind}(id: $id, input: $input) {{ {fields} }} }}"""
    return f"mutation ($id: ID!, $other: ID) {{ answer: delete{kind}(id: $id, replacement_id: $other) }}"


def act(operation: str, kind: str, actor: Any, **variables: Any) -> Any:
    return data(document(operation, kind), actor=actor, variables=variables)["answer"]


def refused(operation: str, kind: str, actor: Any, **variables: Any) -> dict[str, Any]:
    """Return the extensions of a refusal that changed nothing."""
    before = read_all()
    error = refusal(document(operation, kind), actor=actor, variables=variables)
    assert read_all() == before
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def lead_with(actors: Any, kind: str, key: object, **values: Any) -> Lead:
    given: Any = {"title": "Deal", COLUMNS[kind]: key, **values}
    return create_lead(given, actor=actors.agent)


def lost(kind: str, company: Any) -> dict[str, Any]:
    """Return the values that a lead needs besides a lost reason."""
    named = LeadStatus.objects.get(company=company, name="Lost")
    return {"status_id": named.pk} if kind == "LeadLostReason" else {}


def test_a_name_is_enough(actors, company):
    answers = {kind: act("create", kind, actors.manager, input={"name": " New one "}) for kind in MODELS}

    own = {"id": str(company.pk)}
    for answer in answers.values():
        assert answer.pop("id")
    assert answers == {
        "LeadStatus": {"name": "New one", "category": "OPEN", "is_default": False, "weight": 0},
        "LeadType": {"name": "New one", "description": None, "is_active": True, "company": own},
        "LeadSource": {
            "name": "New one",
            "description": None,
            "is_active": True,
            "type": None,
            "leadType": None,
            "company": own,
        },
        "LeadLostReason": {"name": "New one", "is_active": True, "weight": 0},
    }


def test_given_fields_are_stored_and_absent_fields_stay(actors, company):
    type_ = LeadType.objects.get(company=company, name="Existing business")
    source = act(
        "create",
        "LeadSource",
        actors.manager,
        input={
            "name": "Fair",
            "description": "Yearly",
            "is_active": False,
            "leads_types_id": str(type_.uuid),
        },
    )
    assert (source["type"], source["leadType"]) == ({"name": type_.name}, {"name": type_.name})

    changed = act("update", "LeadSource", actors.manager, id=source["id"], input={"description": None})
    assert (changed["name"], changed["description"], changed["is_active"]) == ("Fair", None, False)
    without = act("update", "LeadSource", actors.manager, id=source["id"], input={"leads_types_id": 0})
    assert without["type"] is None
    status = act(
        "create", "LeadStatus", actors.manager, input={"name": "Junk", "category": "CLOSED", "weight": 9}
    )
    assert (status["category"], status["weight"]) == ("CLOSED", 9)


@pytest.mark.parametrize("kind", MODELS)
def test_names_are_required_and_unique(actors, kind):
    first = act("create", kind, actors.manager, input={"name": "First"})
    other = act("create", kind, actors.manager, input={"name": "Second"})

    for name in ("fIRST", " ", None, "x" * 121):
        errors = [
            refused("create", kind, actors.manager, input={"name": name}),
            refused("update", kind, actors.manager, id=other["id"], input={"name": name}),
        ]
        assert [list(one["validation"]) for one in errors] == [["input.name"]] * 2, name
    assert list(refused("create", kind, actors.manager, input={})["validation"]) == ["input.name"]
    assert act("update", kind, actors.manager, id=first["id"], input={"name": "FIRST"})["name"] == "FIRST"


@pytest.mark.parametrize("operation", ["createLeadSource", "updateLeadSource"])
def test_a_source_without_an_input_is_refused_or_unchanged(actors, company, operation):
    source = LeadSource.objects.filter(company=company).order_by("pk")[0]
    if operation == "createLeadSource":
        error = refusal("mutation { createLeadSource { id } }", actor=actors.manager)
        assert list(error["extensions"]["validation"]) == ["input.name"]
    else:
        text = "mutation ($id: ID!) { updateLeadSource(id: $id) { name } }"
        answer = data(text, actor=actors.manager, variables={"id": source.pk})
        assert answer["updateLeadSource"]["name"] == source.name


@pytest.mark.parametrize("kind", MODELS)
def test_agents_and_other_companies_change_none(actors, other_actors, kind):
    created = act("create", kind, actors.manager, input={"name": "Own"})
    foreign = act("create", kind, other_actors.manager, input={"name": "Foreign"})
    unknown = {"code": "NOT_FOUND", "argument": "id"}

    assert refused("create", kind, actors.agent, input={"name": "New"}) == {"code": "FORBIDDEN"}
    for operation, more in (("update", {"input": {"name": "New"}}), ("delete", {})):
        assert refused(operation, kind, actors.agent, id=created["id"], **more) == {"code": "FORBIDDEN"}
        assert refused(operation, kind, other_actors.admin, id=created["id"], **more) == unknown
    error = refused("delete", kind, actors.manager, id=created["id"], other=foreign["id"])
    assert error == {"code": "NOT_FOUND", "argument": "replacement_id"}
    itself = refused("delete", kind, actors.manager, id=created["id"], other=created["id"])
    assert list(itself["validation"]) == ["replacement_id"]


@pytest.mark.parametrize("kind", MODELS)
def test_a_lookup_of_live_leads_is_replaced_or_kept(actors, company, kind):
    category = {"category": "OPEN"} if kind == "LeadStatus" else {}
    old, new = (
        act("create", kind, actors.manager, input={"name": name, **category}) for name in ("Old", "New")
    )
    live, gone = (lead_with(actors, kind, old["id"], **lost(kind, company)) for _ in range(2))
    delete_lead(gone.pk, actor=actors.agent)

    assert refused("delete", kind, actors.manager, id=old["id"]) == {
        "code": "CONFLICT",
        "reason": "IN_USE",
        "count": 1,
    }
    assert act("delete", kind, actors.manager, id=old["id"], other=new["id"]) is True

    column = COLUMNS[kind]
    assert set(Lead.objects.values_list(column, flat=True)) == {int(new["id"])}
    live.refresh_from_db()
    assert live.version == 2
    entry = HistoryEntry.objects.filter(object_id=live.pk).latest("pk")
    assert entry.changes[column.removesuffix("_id")][1]["name"] == "New"
    assert refused("delete", kind, actors.manager, id=old["id"]) == {"code": "NOT_FOUND", "argument": "id"}


@pytest.mark.parametrize("kind", MODELS)
def test_deleted_leads_do_not_keep_a_lookup(actors, company, kind):
    old = act("create", kind, actors.manager, input={"name": "Old"})
    gone = lead_with(actors, kind, old["id"], **lost(kind, company))
    delete_lead(gone.pk, actor=actors.agent)

    assert act("delete", kind, actors.manager, id=old["id"]) is True

    restore_lead(gone.pk, actor=actors.agent)
    gone.refresh_from_db()
    named = gone.status.name if kind == "LeadStatus" else getattr(gone, COLUMNS[kind])
    assert named == ("Open" if kind == "LeadStatus" else None)


def test_one_status_is_the_default(actors, company):
    opened = LeadStatus.objects.get(company=company, is_default=True)
    created = act("create", "LeadStatus", actors.manager, input={"name": "Fresh", "is_default": True})

    assert created["is_default"] is True
    before = opened.updated_at
    opened.refresh_from_db()
    assert not opened.is_default
    assert opened.updated_at > before
    undone = refused("update", "LeadStatus", actors.manager, id=created["id"], input={"is_default": False})
    assert undone == {"code": "CONFLICT", "reason": "IN_USE"}
    deleted = refused("delete", "LeadStatus", actors.manager, id=created["id"], other=str(opened.pk))
    assert deleted == {"code": "CONFLICT", "reason": "IN_USE"}
    null = refused("update", "LeadStatus", actors.manager, id=created["id"], input={"is_default": None})
    assert list(null["validation"]) == ["input.is_default"]


@pytest.mark.parametrize("name", ["Won", "Lost"])
def test_the_last_status_of_won_and_lost_stays(actors, company, name):
    status = LeadStatus.objects.get(company=company, name=name)
    other = LeadStatus.objects.get(company=company, name="Closed")
    identifier = str(status.pk)

    deleted = refused("delete", "LeadStatus", actors.manager, id=identifier, other=str(other.pk))
    assert deleted == {"code": "CONFLICT", "reason": "IN_USE"}
    changed = refused("update", "LeadStatus", actors.manager, id=identifier, input={"category": "OPEN"})
    assert changed == {"code": "CONFLICT", "reason": "IN_USE"}
    act("create", "LeadStatus", actors.manager, input={"name": "Second", "category": status.category})
    assert act("delete", "LeadStatus", actors.manager, id=identifier) is True


def test_the_category_of_a_status_that_leads_have_stays(actors, company):
    created = act("create", "LeadStatus", actors.manager, input={"name": "Junk", "category": "CLOSED"})
    lead = lead_with(actors, "LeadStatus", created["id"])

    error = refused("update", "LeadStatus", actors.manager, id=created["id"], input={"category": "OPEN"})
    assert error == {"code": "CONFLICT", "reason": "IN_USE", "count": 1}
    opened = LeadStatus.objects.get(company=company, name="Open")
    update_lead(lead.pk, {"status_id": opened.pk}, actor=actors.agent)
    changed = act("update", "LeadStatus", actors.manager, id=created["id"], input={"category": "OPEN"})
    assert changed["category"] == "OPEN"


def test_an_inactive_reason_is_no_replacement(actors):
    old = act("create", "LeadLostReason", actors.manager, input={"name": "Old"})
    other = act("create", "LeadLostReason", actors.manager, input={"name": "Other", "is_active": False})

    error = refused("delete", "LeadLostReason", actors.manager, id=old["id"], other=other["id"])

    assert list(error["validation"]) == ["replacement_id"]


def test_a_type_of_sources_and_receivers_can_be_deleted(actors, company):
    type_ = act("create", "LeadType", actors.manager, input={"name": "Old"})
    source = act(
        "create", "LeadSource", actors.manager, input={"name": "Fair", "leads_types_id": type_["id"]}
    )

    assert act("delete", "LeadType", actors.manager, id=type_["id"]) is True

    assert LeadSource.objects.get(pk=source["id"]).type is None


ORDERED = {
    "reorderLeadStatuses": (LeadStatus, "status"),
    "reorderLeadLostReasons": (LeadLostReason, "reason"),
}


@pytest.mark.parametrize("operation", ORDERED)
def test_lists_are_reordered_by_one_call(actors, other_actors, company, operation):
    model: Any = ORDERED[operation][0]
    text = f"mutation ($ids: [ID!]!) {{ {operation}(ids: $ids) {{ id weight }} }}"
    for name in ("A", "B", "C"):
        model.objects.create(company=company, name=name)
    keys = [
        str(pk) for pk in model.objects.filter(company=company).order_by("-pk").values_list("pk", flat=True)
    ]

    rows = data(text, actor=actors.manager, variables={"ids": keys})[operation]
    assert [row["id"] for row in rows] == keys
    assert [row["weight"] for row in rows] == list(range(1, len(keys) + 1))

    before = read_all()
    for wrong in (keys[1:], [*keys, keys[0]], [*keys[1:], keys[1]], []):
        error = refusal(text, actor=actors.manager, variables={"ids": wrong})["extensions"]
        assert error["code"] == "VALIDATION"
        assert list(error["validation"]) == ["ids"]
    unknown = refusal(text, actor=actors.manager, variables={"ids": [*keys, "99999999"]})["extensions"]
    assert unknown == {"code": "NOT_FOUND", "argument": f"ids.{len(keys)}"}
    foreign = refusal(text, actor=other_actors.admin, variables={"ids": keys})["extensions"]
    assert foreign == {"code": "NOT_FOUND", "argument": "ids.0"}
    forbidden = refusal(text, actor=actors.agent, variables={"ids": keys})["extensions"]
    assert forbidden == {"code": "FORBIDDEN"}
    assert read_all() == before


def test_lost_reasons_are_listed(actors, other_actors):
    for actor in (actors.manager, other_actors.manager):
        act("create", "LeadLostReason", actor, input={"name": "Price", "weight": 3})

    listed = "{ leadLostReasons(where: {column: IS_ACTIVE, value: true}) { data { name weight } } }"

    found = data(listed, actor=actors.viewer)["leadLostReasons"]["data"]
    # Among those that a company starts with.
    assert [row for row in found if row["name"] == "Price"] == [{"name": "Price", "weight": 3}]
    assert len(found) == len(LOST_REASONS) + 1
