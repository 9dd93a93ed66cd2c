"""The statements of the specification's mutations of leads, after authentication, on both databases."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from crm.actors import Actor
from crm.models import Company, User
from leads.models import Lead, LeadReceiver, LeadSource, LeadType
from people.models import Organization, Person
from pipelines.models import Stage
from tests.clients import data, refusal
from tests.factories.crm import MembershipFactory, TagFactory
from tests.newcomer import newcomer
from tests.statements import GATHERED, statements, together
from tests.test_specification import DOCUMENTS

pytestmark = pytest.mark.django_db(transaction=True, reset_sequences=True)

NEW_LEAD = (
    "leads_lead",
    "crm_historyentry",
    "leads_stagevisit",
    "crm_socialchannel",
    "crm_channelmember",
    "leads_leadroutinglog",
)


@pytest.fixture
def actor(transactional_db: None) -> Actor:
    return newcomer()


def test_create_lead(actor: Actor) -> None:
    sent = statements(lambda: data(DOCUMENTS["07"], actor=actor))

    assert sent == [GATHERED, *together(*NEW_LEAD), "INSERT crm_event"]


@pytest.mark.parametrize("number", [1, 3])
def test_create_lead_with_nested_rows(actor: Actor, number: int) -> None:
    create = "mutation($input: LeadInput!) { createLead(input: $input) { id } }"
    company = Company.objects.get(pk=actor.company_id)
    team = [MembershipFactory(company=company).user.pk for _ in range(number)]
    TagFactory(company=company, name="known 0")
    values = {
        "title": "Deal",
        "participants_id": team,
        "tags": [{"name": f"{word} {place}"} for word in ("known", "new") for place in range(number)],
        "custom_fields": [{"name": f"field {place}", "data": place} for place in range(number)],
    }

    sent = statements(lambda: data(create, actor=actor, variables={"input": values}))

    lead = Lead.objects.latest("pk")
    assert lead.participants.count() == number
    assert lead.tags.count() == 2 * number
    assert sent == [
        GATHERED,
        "SELECT crm_tag",
        # New tags are looked for once more under the lock of the company, and then their slugs.
        *["SAVEPOINT", "SELECT crm_company", "SELECT crm_tag", "RELEASE"],
        "SELECT crm_tag",
        *["SAVEPOINT", "INSERT crm_tag", "RELEASE"],
        *together(*NEW_LEAD),
        "INSERT leads_lead_tags",
        "SELECT crm_user",
        "SELECT leads_leadparticipant",
        "INSERT leads_leadparticipant",
        "SELECT leads_leadparticipant",
        "INSERT crm_event",
    ]


@pytest.mark.parametrize(
    ("argument", "model"),
    [
        ("people_id", Person),
        ("organization_id", Organization),
        ("pipeline_stage_id", Stage),
        ("receiver_id", LeadReceiver),
        ("type_id", LeadType),
        ("source_id", LeadSource),
        ("leads_owner_id", User),
    ],
)
def test_create_lead_takes_number_and_uuid_alike(actor: Actor, argument: str, model: Any) -> None:
    create = "mutation($input: LeadInput!) { createLead(input: $input) { id } }"
    row = model.objects.first()

    for key in (row.pk, str(row.uuid)):
        values = {"input": {"title": "Deal", argument: key}}
        sent = statements(partial(data, create, actor=actor, variables=values))
        assert sent == [GATHERED, *together(*NEW_LEAD), "INSERT crm_event"]
    for key in ("999", str(uuid4()), "none"):
        error = refusal(create, actor=actor, variables={"input": {"title": "Deal", argument: key}})
        assert error["extensions"] == {"code": "NOT_FOUND", "argument": f"input.{argument}"}


@pytest.mark.parametrize("repeated", [False, True])
def test_move_lead(actor: Actor, repeated: bool) -> None:
    if repeated:
        data(DOCUMENTS["08"], actor=actor)
        data("mutation { updateLead(id: 1, input: { pipeline_stage_id: 1 }) { id } }", actor=actor)

    sent = statements(lambda: data(DOCUMENTS["08"], actor=actor))

    assert sent == [
        "SELECT leads_lead",
        GATHERED,
        "UPDATE leads_stagevisit",
        "UPDATE leads_lead",
        *together("crm_historyentry", "leads_stagevisit", "crm_message"),
        "INSERT crm_event",
    ]


def test_win_lead(actor: Actor) -> None:
    sent = statements(lambda: data(DOCUMENTS["09"], actor=actor))

    assert sent == [
        "SELECT leads_lead",
        "SELECT leads_leadstatus",
        GATHERED,
        "UPDATE leads_lead",
        *together("crm_historyentry", "crm_message"),
        "INSERT crm_event",
    ]
