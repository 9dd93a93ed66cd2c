"""Receivers: create, update, delete, test runs and keys."""

from typing import Any

import pytest
from django.test import override_settings

from crm.models.history import HistoryEntry
from leads.models import Lead, LeadReceiver, LeadRotation, ReceiverAttempt
from leads.services.leads import create_lead, delete_lead
from tests.clients import data, refusal
from tests.factories.leads import LeadReceiverFactory, LeadSourceFactory, LeadTypeFactory, refused_attempt
from tests.receivers.delivering import deliver
from tests.stored import read_all

pytestmark = pytest.mark.django_db
FIELDS = """id uuid name source_name is_default is_active template verification honeypot window_minutes
  rate_limit allowed_origins url total_leads user { id } agent { id } source { id } type { id }
  company { id }"""
CREATE = f"mutation ($input: LeadReceiverInput!) {{ createLeadReceiver(input: $input) {{ {FIELDS} }} }}"
UPDATE = f"""mutation ($id: ID!, $input: LeadReceiverInput!) {{
  updateLeadReceiver(id: $id, input: $input) {{ {FIELDS} }} }}"""
DELETE = "mutation ($id: ID!, $other: ID) { deleteLeadReceiver(id: $id, replacement_id: $other) }"
KEY = "query ($id: ID!) { leadReceiverKey(id: $id) { key header } }"
RENEW = "mutation ($id: ID!) { rotateLeadReceiverKey(id: $id) { key header } }"
TEST = """mutation ($id: ID!, $payload: JSON!) {
  testLeadReceiver(id: $id, payload: $payload) { accepted draft errors } }"""
TEMPLATE = {"fn": {"name": "firstname", "type": "string"}}


@pytest.fixture
def receiver(company, tenant) -> LeadReceiver:
    created: LeadReceiver = LeadReceiverFactory(company=company, agent=tenant.users["agent"])
    return created


def create(actor: Any, **values: Any) -> Any:
    return data(CREATE, actor=actor, variables={"input": {"name": "Web", **values}})["createLeadReceiver"]


def update(actor: Any, receiver: LeadReceiver, **values: Any) -> Any:
    variables = {"id": str(receiver.pk), "input": values}
    return data(UPDATE, actor=actor, variables=variables)["updateLeadReceiver"]


def refused(document: str, actor: Any, **variables: Any) -> dict[str, Any]:
    """Return the extensions of a refusal that changed nothing."""
    before = read_all()
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def test_a_name_is_enough(actors, tenant):
    created = create(actors.manager)

    manager = {"id": str(tenant.users["manager"].pk)}
    assert created == {
        "id": created["id"],
        "uuid": created["uuid"],
        "name": "Web",
        "source_name": None,
        "is_default": False,
        "is_active": True,
        "template": None,
        "verification": "NONE",
        "honeypot": None,
        "window_minutes": 10,
        "rate_limit": 600,
        "allowed_origins": [],
        "url": f"/receivers/{created['uuid']}",
        "total_leads": 0,
        "user": manager,
        "agent": manager,
        "source": None,
        "type": None,
        "company": {"id": str(tenant.company.pk)},
    }


def test_everything_can_be_given(actors, company, tenant):
    source, type_ = LeadSourceFactory(company=company), LeadTypeFactory(company=company)
    rotation = LeadRotation.objects.create(company=company, name="Inbound")
    given = {
        "source_name": "Site",
        "is_default": True,
        "is_active": False,
        "template": TEMPLATE,
        "verification": "HMAC",
        "honeypot": "website",
        "window_minutes": 0,
        "rate_limit": 5,
        "allowed_origins": ["https://form.example", "http://localhost:3000"],
    }

    created = create(
        actors.manager,
        **given,
        agents_id=str(tenant.users["colleague"].pk),
        rotations_id=str(rotation.pk),
        lead_sources_id=str(source.uuid),
        lead_types_id=str(type_.pk),
    )

    assert {name: created[name] for name in given} == given
    assert created["agent"] == {"id": str(tenant.users["colleague"].pk)}
    assert (created["source"], created["type"]) == ({"id": str(source.pk)}, {"id": str(type_.pk)})
    assert LeadReceiver.objects.get(pk=created["id"]).rotation == rotation
    assert list(LeadReceiver.objects.filter(company=company, is_default=True)) == [
        LeadReceiver.objects.get(pk=created["id"])
    ]


def test_the_address_is_absolute_with_a_public_url(actors):
    with override_settings(PUBLIC_URL="https://crm.example.com"):
        created = create(actors.manager)

    assert created["url"] == f"https://crm.example.com/receivers/{created['uuid']}"


def test_an_address_takes_leads(actors):
    created = create(actors.manager, template=TEMPLATE)
    receiver = LeadReceiver.objects.get(pk=created["id"])

    assert deliver(receiver, {"fn": "Jane"}).status_code == 200
    assert update(actors.manager, receiver)["total_leads"] == 1


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ({"name": None}, {"input.name"}),
        ({"name": ""}, {"input.name"}),
        ({"name": "x" * 121}, {"input.name"}),
        ({"is_active": None, "verification": None}, {"input.is_active", "input.verification"}),
        ({"window_minutes": -1}, {"input.window_minutes"}),
        ({"window_minutes": 1441}, {"input.window_minutes"}),
        ({"rate_limit": -1}, {"input.rate_limit"}),
        ({"template": []}, {"input.template"}),
        ({"template": {"a.b": {"name": "x", "type": "code"}}}, {"input.template.a.b.type"}),
        (
            {"template": {"a": {"name": "x", "type": "regex", "pattern": "(a+)+"}}},
            {"input.template.a.pattern"},
        ),
        ({"template": {"a": {"type": "function", "function": "exec"}}}, {"input.template.a.function"}),
    ],
)
def test_rule_violations_are_refused(actors, receiver, values, places):
    for document, more in ((CREATE, {}), (UPDATE, {"id": str(receiver.pk)})):
        extensions = refused(document, actors.manager, **more, input={"name": "Web", **values})

        assert extensions["code"] == "VALIDATION"
        assert set(extensions["validation"]) == places


def test_an_agent_may_own_leads(actors, tenant, receiver):
    viewer = {"agents_id": str(tenant.users["viewer"].pk)}

    extensions = refused(UPDATE, actors.manager, id=str(receiver.pk), input=viewer)

    assert (extensions["code"], set(extensions["validation"])) == ("VALIDATION", {"input.agents_id"})


@pytest.mark.parametrize("argument", ["agents_id", "rotations_id", "lead_sources_id", "lead_types_id"])
def test_rows_of_another_company(actors, other_tenant, receiver, argument):
    other = other_tenant.company
    key = {
        "agents_id": other_tenant.users["agent"],
        "rotations_id": LeadRotation.objects.create(company=other, name="Inbound"),
        "lead_sources_id": LeadSourceFactory(company=other),
        "lead_types_id": LeadTypeFactory(company=other),
    }[argument].pk

    extensions = refused(UPDATE, actors.manager, id=str(receiver.pk), input={argument: str(key)})

    assert extensions == {"code": "NOT_FOUND", "argument": f"input.{argument}"}


def test_absent_fields_stay_and_null_clears(actors, receiver, company):
    receiver.template, receiver.honeypot = TEMPLATE, "website"
    receiver.source, receiver.type = LeadSourceFactory(company=company), LeadTypeFactory(company=company)
    receiver.save()

    renamed = update(actors.manager, receiver, name="Web")
    cleared = update(
        actors.manager, receiver, template=None, honeypot=None, agents_id=None, lead_sources_id="0"
    )

    assert (renamed["name"], renamed["template"], renamed["honeypot"]) == ("Web", TEMPLATE, "website")
    assert (cleared["name"], cleared["template"], cleared["honeypot"]) == ("Web", None, None)
    assert (cleared["agent"], cleared["source"]) == (None, None)
    assert cleared["type"] == {"id": str(receiver.type.pk)}


def test_origins_are_checked_and_stored_as_browsers_send_them(actors, receiver):
    stored = update(
        actors.manager, receiver, allowed_origins=["https://Form.example:443/", "https://form.example"]
    )
    assert stored["allowed_origins"] == ["https://form.example"]
    for wrong in (["*"], ["null"], ["https://a.example/path"], ["https://a.example"] * 21, None):
        extensions = refused(UPDATE, actors.manager, id=str(receiver.pk), input={"allowed_origins": wrong})
        assert list(extensions["validation"]) == ["input.allowed_origins"]
    assert update(actors.manager, receiver, allowed_origins=[])["allowed_origins"] == []


def test_one_receiver_is_the_default(actors, receiver, company):
    before = LeadReceiver.objects.default_of(company.pk).get()

    assert update(actors.manager, receiver, is_default=True)["is_default"]

    before.refresh_from_db()
    assert not before.is_default


def test_agents_change_no_receivers(actors, receiver):
    key = str(receiver.pk)
    calls: list[tuple[str, dict[str, Any]]] = [
        (CREATE, {"input": {"name": "Web"}}),
        (UPDATE, {"id": key, "input": {"name": "Web"}}),
        (DELETE, {"id": key}),
        (KEY, {"id": key}),
        (RENEW, {"id": key}),
        (TEST, {"id": key, "payload": {}}),
    ]
    for document, variables in calls:
        assert refused(document, actors.agent, **variables) == {"code": "FORBIDDEN"}


def test_a_receiver_without_leads_is_deleted_and_its_attempts_stay(actors, receiver):
    attempt = refused_attempt(receiver)

    assert data(DELETE, actor=actors.manager, variables={"id": str(receiver.pk)})["deleteLeadReceiver"]

    assert not LeadReceiver.objects.filter(pk=receiver.pk).exists()
    assert ReceiverAttempt.objects.get(pk=attempt.pk).receiver is None


def test_a_receiver_of_live_leads_is_kept(actors, receiver):
    create_lead({"title": "Deal", "receiver_id": receiver.pk}, actor=actors.admin)

    extensions = refused(DELETE, actors.manager, id=str(receiver.pk))

    assert (extensions["code"], extensions["count"]) == ("CONFLICT", 1)


def test_deleted_leads_do_not_keep_a_receiver(actors, receiver):
    lead = create_lead({"title": "Deal", "receiver_id": receiver.pk}, actor=actors.admin)
    delete_lead(lead.pk, actor=actors.admin)

    assert data(DELETE, actor=actors.manager, variables={"id": str(receiver.pk)})["deleteLeadReceiver"]

    assert Lead.objects.with_deleted_for(actors.admin).get(pk=lead.pk).receiver is None


def test_deleting_a_receiver_moves_its_leads_to_the_replacement(actors, receiver, company):
    other = LeadReceiverFactory(company=company, name="Other")
    live, gone = (
        create_lead({"title": title, "receiver_id": receiver.pk}, actor=actors.admin) for title in ("A", "B")
    )
    delete_lead(gone.pk, actor=actors.admin)

    variables = {"id": str(receiver.pk), "other": str(other.uuid)}
    assert data(DELETE, actor=actors.manager, variables=variables)["deleteLeadReceiver"]

    leads = Lead.objects.with_deleted_for(actors.admin).filter(pk__in=[live.pk, gone.pk])
    assert {lead.receiver for lead in leads} == {other}
    entry = HistoryEntry.objects.filter(object_id=live.pk).latest("pk")
    assert entry.changes["receiver"][1] == {"id": str(other.pk), "name": "Other"}


@pytest.mark.parametrize("other", ["itself", "of another company"])
def test_invalid_replacements_are_refused(actors, receiver, other_company, other):
    key = receiver.pk if other == "itself" else LeadReceiverFactory(company=other_company).pk

    extensions = refused(DELETE, actors.manager, id=str(receiver.pk), other=str(key))

    assert extensions["code"] == ("VALIDATION" if other == "itself" else "NOT_FOUND")
    assert "replacement_id" in (extensions.get("argument") or extensions["validation"])


def test_keys(actors, receiver):
    variables = {"id": str(receiver.pk)}
    first = data(KEY, actor=actors.manager, variables=variables)["leadReceiverKey"]
    update(actors.manager, receiver, verification="SECRET")
    second = data(KEY, actor=actors.manager, variables=variables)["leadReceiverKey"]
    third = data(RENEW, actor=actors.manager, variables=variables)["rotateLeadReceiverKey"]

    assert first == {"key": first["key"], "header": None}
    assert second == {"key": first["key"], "header": "X-Receiver-Secret"}
    assert third["key"] != first["key"]
    assert data(KEY, actor=actors.manager, variables=variables)["leadReceiverKey"] == third
    receiver.refresh_from_db()
    assert deliver(receiver, {"a": 1}, x_receiver_secret=first["key"]).status_code == 401
    assert deliver(receiver, {"a": 1}, x_receiver_secret=third["key"]).status_code == 200


def test_a_test_run_returns_the_draft_and_writes_nothing(actors, receiver):
    receiver.template = TEMPLATE
    receiver.save()
    before = read_all()
    payload = {"fn": "Jane", "company": "Acme", "budget": 5, "password": "p"}

    shown = data(TEST, actor=actors.manager, variables={"id": str(receiver.pk), "payload": payload})

    assert shown["testLeadReceiver"] == {
        "accepted": True,
        "draft": {
            "receiver_id": receiver.pk,
            "title": "Jane",
            "firstname": "Jane",
            "people": {"firstname": "Jane", "lastname": None, "contacts": []},
            "organization": {"name": "Acme"},
            "custom_fields": [{"name": "fn", "value": "Jane"}, {"name": "budget", "value": 5}],
        },
        "errors": None,
    }
    assert read_all() == before


def test_a_test_run_returns_the_errors(actors, receiver):
    before = read_all()
    variables = {"id": str(receiver.pk), "payload": {"title": "x" * 256}}

    shown = data(TEST, actor=actors.manager, variables=variables)["testLeadReceiver"]

    assert (shown["accepted"], list(shown["errors"])) == (False, ["title"])
    assert shown["draft"]["title"] == "x" * 256
    assert read_all() == before


@pytest.mark.parametrize("payload", [[], "text", 5])
def test_a_test_run_requires_an_object(actors, receiver, payload):
    extensions = refused(TEST, actors.manager, id=str(receiver.pk), payload=payload)

    assert (extensions["code"], set(extensions["validation"])) == ("VALIDATION", {"payload"})
