"""explain_event: the rule that decides on an event for a user, in words."""

import pytest

from crm.actors import Role
from crm.events import journal, outbox, retention
from crm.events.cursor import Cursor
from crm.events.sequencer import sequence
from crm.models import Company, Event, EventCounter, Membership
from crm.services.members import add_member
from leads.services.leads import create_lead, delete_lead, update_lead
from tests.commands.running import run, usage_error
from tests.events.layers import make_event
from tests.factories.crm import UserFactory
from tests.factories.crm import tenant as make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def own_leads_only(company):
    Company.objects.filter(pk=company.pk).update(lead_visibility="OWN")


def last_cursor() -> Cursor:
    sequence()
    return journal.end()


def explained(cursor, user, *arguments):
    """Run the command, and return its lines as a dictionary by their names."""
    ended = run("explain_event", str(cursor), "--for", str(user), *arguments)
    assert (ended.code, ended.errors) == (0, []), ended
    first, *facts, _hint = ended.lines
    assert first.startswith("Event ")
    assert first.endswith(" UTC")
    return {fact[2:12].strip(): fact[12:] for fact in facts}


def refused(*arguments):
    ended = run("explain_event", *map(str, arguments))
    assert (ended.code, ended.lines) == (1, [])
    [message] = ended.errors
    return message


def handed_over(tenant):
    """Return a lead that went from the agent to the colleague, and the cursor of that event."""
    agent, colleague = tenant.users["agent"], tenant.users["colleague"]
    lead = create_lead({"title": "Deal", "leads_owner_id": str(agent.pk)}, actor=tenant.actors.manager)
    update_lead(lead.pk, {"leads_owner_id": str(colleague.pk)}, actor=tenant.actors.manager)
    return lead, last_cursor()


def test_each_fact_of_an_event(tenant, own_leads_only):
    lead, cursor = handed_over(tenant)
    agent, colleague, manager = (tenant.users[name] for name in ("agent", "colleague", "manager"))

    assert explained(cursor, agent.pk) == {
        "record": f"lead {lead.pk}",
        "kind": f"updated, by manager@tenant ({manager.pk}) through graphql",
        "changed": f"owner_id, which was {agent.pk}",
        "before": f"agent@tenant ({agent.pk})",
        "after": f"colleague@tenant ({colleague.pk})",
        "user": f"agent@tenant ({agent.pk}), AGENT in Tenant: the company shows members only their own leads",
        "decision": "sent as removed: the user is in the audience before the change only",
        "readable": "no: the user does not see it now",
    }


@pytest.mark.parametrize(
    ("name", "decision", "readable"),
    [
        ("colleague", "sent with the record: the user is in the audience after the change", "yes, now"),
        ("viewer", "not sent: the user is outside the audience before and after the change", None),
        ("manager", "sent with the record: the user sees all records", "yes, now"),
    ],
)
def test_the_rule_of_each_reader(tenant, own_leads_only, name, decision, readable):
    _, cursor = handed_over(tenant)

    facts = explained(cursor, tenant.users[name].username)

    assert facts["decision"] == decision
    assert facts["readable"] == (readable or "no: the user does not see it now")


def test_where_the_company_shows_all_leads(tenant):
    _, cursor = handed_over(tenant)

    facts = explained(cursor, tenant.users["viewer"].pk)

    assert facts["user"].endswith("VIEWER in Tenant: the company shows all leads to all members")
    assert facts["decision"] == "sent with the record: the user sees all records"


def test_a_deletion(tenant):
    lead = create_lead({"title": "Deal"}, actor=tenant.actors.manager)
    delete_lead(lead.pk, actor=tenant.actors.manager)

    facts = explained(last_cursor(), tenant.users["agent"].pk)

    assert (facts["after"], facts["readable"]) == ("nobody", "no: it is deleted")
    assert facts["decision"] == "sent as removed: the record was deleted, and the user sees all records"


def test_a_bulk_event_and_one_for_all_members(tenant, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 0)
    create_lead({"title": "Many"}, actor=tenant.actors.manager)

    facts = explained(last_cursor(), tenant.users["agent"].pk)

    assert (facts["record"], facts["before"], facts["after"]) == (
        "many records",
        "all members",
        "all members",
    )
    assert facts["decision"].startswith("sent as bulk: many records changed at once")
    assert "readable" not in facts


def test_an_event_of_another_company(tenant, other_tenant):
    create_lead({"title": "Foreign"}, actor=other_tenant.actors.manager)

    facts = explained(last_cursor(), tenant.users["admin"].pk)

    assert facts["decision"] == "not sent: the event belongs to another company"
    assert facts["readable"] == "no: the user does not see it now"


def test_a_record_that_is_gone_and_users_that_are_gone(tenant):
    outbox.emit(
        [make_event(999_999, company_id=tenant.company.pk, before=frozenset({888_888}), after=frozenset())]
    )

    facts = explained(last_cursor(), tenant.users["agent"].pk)

    assert (facts["before"], facts["after"]) == ("user 888888", "nobody")
    assert facts["kind"] == "updated, by the system through graphql"
    assert facts["readable"] == "no: it does not exist any more"


def test_a_plain_number_and_each_name_of_a_user(tenant):
    _, cursor = handed_over(tenant)
    agent = tenant.users["agent"]
    agent.email = "Ann@example.com"
    agent.save()

    facts = [explained(cursor.seq, name) for name in (agent.pk, agent.username, "ann@EXAMPLE.com")]

    assert facts[0] == facts[1] == facts[2] == explained(cursor, agent.pk)


@pytest.mark.django_db(transaction=True)
def test_without_listeners_the_command_numbers_the_newest_event():
    tenant = make_tenant()
    create_lead({"title": "New"}, actor=tenant.actors.manager)

    assert explained(journal.end().seq + 1, tenant.users["agent"].pk)["kind"].startswith("created, ")


def test_the_company_of_a_user_of_several(tenant, other_tenant):
    _, cursor = handed_over(tenant)
    agent, other = tenant.users["agent"], other_tenant.company
    add_member(other, agent, Role.ADMIN)
    named = f"{tenant.company.pk} (Tenant), {other.pk} (Other)"

    assert explained(cursor, agent.pk)["decision"].startswith("sent with the record")
    assert explained(cursor, agent.pk, "--company", str(other.pk))["decision"].startswith("not sent")
    Membership.objects.filter(user=agent).update(is_default=False)

    assert refused(cursor, "--for", agent.pk) == (
        f"agent@tenant ({agent.pk}) is a member of several companies, none of them the default: choose one "
        f"with --company. Companies of this user: {named}."
    )
    assert explained(cursor, agent.pk, "--company", str(tenant.company.pk))["user"].startswith("agent@tenant")


def test_a_user_that_is_not_a_member(tenant, other_company):
    _, cursor = handed_over(tenant)
    agent, stranger = tenant.users["agent"], UserFactory(username="stranger")

    assert "stranger" in refused(cursor, "--for", "stranger")
    assert refused(cursor, "--for", stranger.pk) == (
        f"stranger ({stranger.pk}) is not an active member of any company, and receives no events. Check "
        "that user, membership and company are active."
    )
    assert refused(cursor, "--for", agent.pk, "--company", other_company.pk) == (
        f"agent@tenant ({agent.pk}) is not an active member of Other, and receives none of its events. "
        f"Companies of this user: {tenant.company.pk} (Tenant)."
    )
    assert refused(cursor, "--for", agent.pk, "--company", 999_999) == "There is no company 999999."


def test_an_unknown_or_ambiguous_user(tenant):
    _, cursor = handed_over(tenant)
    users = [UserFactory(username=name, email="both@example.com") for name in ("one", "two")]

    assert refused(cursor, "--for", "nobody") == (
        "There is no user nobody: pass an id, an e-mail or a username."
    )
    assert refused(cursor, "--for", "both@example.com") == (
        f"Several users match both@example.com: pass one of the ids. one ({users[0].pk}), two ({users[1].pk})"
    )


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "9" * 20, "'; DROP"])
def test_what_is_neither_cursor_nor_number(tenant, text):
    assert refused("--for", tenant.users["agent"].pk, "--", text) == (
        f"{text!r} is neither a cursor nor a number: copy extensions.cursor of a message, or pass the number "
        "of an event."
    )


def test_a_cursor_of_another_epoch_before_the_first_or_after_the_last_event(tenant):
    _, cursor = handed_over(tenant)
    agent = tenant.users["agent"].pk

    assert "restored from a backup" in refused(Cursor("0" * 12, cursor.seq), "--for", agent)
    assert "before the first event" in refused(Cursor(cursor.epoch, 0), "--for", agent)
    for number in (cursor.seq + 1, 2**63 - 1, 9_999_999_999_999_999_999):
        for text in (number, Cursor(cursor.epoch, number)):
            assert refused(text, "--for", agent) == (
                f"There is no event {number}: the last one is {cursor.seq}."
            )


def test_a_pruned_event_and_one_of_a_deleted_company(tenant, settings):
    settings.EVENT_RETENTION_DAYS = 3
    agent = tenant.users["agent"].pk
    _, cursor = handed_over(tenant)
    Event.objects.filter(seq=cursor.seq).delete()

    assert refused(cursor, "--for", agent) == f"Event {cursor.seq} is gone: its company was deleted."
    Event.objects.update(created_at="2020-01-01T00:00:00Z")
    retention.prune()

    floor = EventCounter.objects.get().floor
    assert refused(floor, "--for", agent) == (
        f"Event {floor} was pruned: events are kept for 3 days (EVENT_RETENTION_DAYS), and the log begins "
        f"after event {floor}. Have the client read again what it stores, and subscribe without a cursor."
    )


def test_a_user_is_required(capsys):
    ended = usage_error("explain_event", "1", capsys=capsys)

    assert ended.code == 2
    assert "--for" in ended.errors[-1]
