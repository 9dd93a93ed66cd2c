"""The board: columns, cards, filters in the address, and moves of leads."""

import re
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.events import journal
from crm.events.cursor import Cursor
from crm.events.sequencer import sequence
from crm.models import Company, CustomFieldDefinition, LeadVisibility
from crm.services.activities import create_activity
from crm.services.custom_field_definitions import save_definition
from leads.admin.board import present, shared
from leads.models import Lead, LeadLostReason, LeadSource
from leads.services.closing import close_lead
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, update_lead
from leads.services.lookups import create_lookup
from pipelines.models import Pipeline, Stage
from pipelines.services.pipelines import create_pipeline
from tests.admin.conftest import messages_of

pytestmark = pytest.mark.django_db
BOARD = reverse("admin:leads_lead_board")
CARDS = reverse("admin:leads_lead_board_cards")
JSON = {"Accept": "application/json"}


def make_lead(actor: Any, **values: Any) -> Lead:
    return create_lead(cast(LeadValues, {"title": "Deal", **values}), actor=actor)


def stage(actor: Any, name: str) -> Stage:
    return Stage.objects.visible_to(actor).get(name=name, pipeline__is_default=True)


def mover(lead: Lead) -> str:
    return reverse("admin:leads_lead_move", args=[lead.pk])


def columns_of(page: Any) -> dict[str, list[str]]:
    return {
        column["name"]: [str(card["lead"]) for card in column["cards"]] for column in page.context["columns"]
    }


def totals_of(page: Any) -> dict[str, tuple[int, str]]:
    return {column["name"]: (column["count"], column["sums"]) for column in page.context["columns"]}


def test_columns_have_open_leads_longest_untouched_first(signed_in, actors):
    old = make_lead(actors.agent, title="Old", amount=1500, currency="EUR")
    make_lead(actors.agent, title="New", amount="20.50", currency="USD")
    make_lead(actors.agent, title="No amount", pipeline_stage_id=stage(actors.agent, "Proposal").pk)
    close_lead(make_lead(actors.agent, title="Closed").pk, "won", actor=actors.agent)
    Lead.objects.filter(pk=old.pk).update(last_activity_at=timezone.now() - timedelta(days=9))
    create_activity(
        {
            "entity_type": "LEAD",
            "entity_id": old.pk,
            "kind": "TASK",
            "subject": "Call",
            "due_at": timezone.now() - timedelta(days=1),
        },
        actor=actors.agent,
    )

    page = signed_in("viewer").get(BOARD)

    assert columns_of(page) == {
        "New": ["Old", "New"],
        "Contacted": [],
        "Proposal": ["No amount"],
        "Negotiation": [],
    }
    assert totals_of(page) == {
        "New": (2, "1,500 EUR, 20.50 USD"),
        "Contacted": (0, ""),
        "Proposal": (1, ""),
        "Negotiation": (0, ""),
    }
    card = page.context["columns"][0]["cards"][0]
    assert card["next"] == {"text": "Call", "day": "Yesterday", "is_late": True}
    assert card["reason"].startswith("9 days since entry into the stage")
    assert not card["may_move"]
    assert 'class="move"' not in page.content.decode()


def test_filters_live_in_the_address(signed_in, actors):
    source = LeadSource.objects.visible_to(actors.agent).get(name="Event")
    definition = save_definition(
        CustomFieldDefinition(
            company_id=actors.agent.company_id, model="LEAD", name="Segment", kind="NUMBER"
        ),
        actor=actors.manager,
    )
    mine = make_lead(
        actors.agent,
        title="Mine",
        leads_owner_id=actors.agent.user_id,
        amount=500,
        source_id=source.pk,
        tags=[{"name": "Hot"}],
        custom_fields=[{"name": "Segment", "value": 7}],
        phone="+1 212 555 0109",
    )
    make_lead(actors.agent, title="Nobody's", leads_owner_id=None, amount=50)
    make_lead(actors.agent, title="Colleague's", leads_owner_id=actors.colleague.user_id)
    client = signed_in("agent")

    def found(**filters: object) -> list[str]:
        return sorted(columns_of(client.get(BOARD, filters))["New"])

    assert len(found()) == 3
    assert found(owner="me") == ["Mine"]
    assert found(owner="nobody") == ["Nobody's"]
    assert found(owner=actors.colleague.user_id) == ["Colleague's"]
    assert found(tag=mine.tags.get().pk) == found(source=source.pk) == found(min="500") == ["Mine"]
    assert found(max="50") == found(max="50,00") == ["Nobody's"]
    # A currency that is typed is a part of the filter.
    assert found(min="$ 500.00") == ["Mine"]
    assert found(min="€500") == []
    assert found(q="nobod") == ["Nobody's"]
    assert found(q="212 5550109") == ["Mine"]
    assert found(field=definition.pk, value="7") == ["Mine"]
    assert found(field=definition.pk, value="8") == []
    # What means nothing is left out, and does not stay in the address.
    odd = client.get(
        BOARD, {"owner": "x", "tag": "\0", "min": "1e3", "field": "1", "value": "", "pipeline": "y"}
    )
    assert odd.context["filters"].given == {}
    assert len(columns_of(odd)["New"]) == 3
    # But an amount was typed: the page says that it could not be read.
    assert "“1e3” is not clear as an amount" in odd.context["filters"].refused["min"]
    assert 'name="min" value="1e3" aria-invalid="true"' in odd.content.decode()
    assert client.get(BOARD, {"owner": "me"}).context["query"].endswith("&owner=me")


def test_a_column_goes_on_page_by_page(signed_in, actors):
    for number in range(53):
        make_lead(actors.agent, title=f"Deal {number:02}")
    client = signed_in("agent")

    page = client.get(BOARD)
    shown = columns_of(page)["New"]
    address = re.findall(r'hx-get="([^"]+)"', page.content.decode().partition('id="board"')[2])[0]
    second = client.get(address.replace("&amp;", "&")).content.decode()
    third = client.get(re.findall(r'hx-get="([^"]+)"', second)[0].replace("&amp;", "&")).content.decode()

    titles = re.compile(r"Deal \d\d(?=</a>)")
    assert [len(shown), len(titles.findall(second)), len(titles.findall(third))] == [25, 25, 3]
    assert len({*shown, *titles.findall(second), *titles.findall(third)}) == 53
    assert "hx-get" not in third
    assert page.context["columns"][0]["count"] == 53


def test_a_move_stores_and_is_undone(signed_in, actors):
    lead = make_lead(actors.agent)
    proposal = stage(actors.agent, "Proposal")
    client = signed_in("agent")

    moved = client.post(mover(lead), {"version": 1, "stage": proposal.pk}, headers=JSON)
    said = moved.json()

    lead.refresh_from_db()
    assert (moved.status_code, lead.stage, lead.version) == (200, proposal, 2)
    assert said["message"] == "“Deal” is in Proposal."
    assert said["cards"][str(lead.pk)]["stage"] == proposal.pk
    assert 'data-version="2"' in said["cards"][str(lead.pk)]["html"]
    assert [column["count"] for column in said["columns"]] == [0, 0, 1, 0]
    undone = client.post(said["undo"]["address"], said["undo"]["fields"], headers=JSON)
    assert undone.json()["message"] == "“Deal” is in New."
    lead.refresh_from_db()
    assert lead.stage.name == "New"


def test_without_scripts_a_form_moves_and_leads_back(signed_in, actors):
    lead = make_lead(actors.agent)
    client = signed_in("agent")
    form = client.get(mover(lead), {"next": f"{BOARD}?owner=me"}).content.decode()
    assert "<html" in form
    fields = dict(re.findall(r'type="hidden" name="(version|next)" value="([^"]*)"', form))

    answer = client.post(mover(lead), {**fields, "outcome": "won"}, follow=True)

    assert answer.redirect_chain == [(f"{BOARD}?owner=me", 302)]
    assert "“Deal” is won. Well done!" in messages_of(answer)[0]
    undo = dict(re.findall(r'name="(\w+)" value="([^"]*)"', messages_of(answer)[0]))
    assert client.post(mover(lead), undo, follow=True).status_code == 200
    lead.refresh_from_db()
    assert lead.status.is_open
    assert lead.closed_at is None


def test_a_lead_is_lost_with_a_reason_alone(signed_in, actors):
    lead = make_lead(actors.agent)
    reason = create_lookup(LeadLostReason, {"name": "Wrong season"}, actor=actors.manager)
    client = signed_in("agent")

    assert "Wrong season" in client.get(mover(lead), {"outcome": "lost"}).content.decode()
    refused = client.post(mover(lead), {"version": 1, "outcome": "lost"}, headers=JSON)
    fields = {"version": 1, "outcome": "lost", "lost_reason": reason.pk, "reason_lost": "In May"}
    lost = client.post(mover(lead), fields, headers=JSON)

    assert refused.status_code == 422
    assert "Choose why the lead was lost" in refused.json()["message"]
    assert lost.json()["cards"] == {str(lead.pk): None}
    lead.refresh_from_db()
    assert (lead.status.name, lead.lost_reason, lead.reason_lost) == ("Lost", reason, "In May")
    client.post(lost.json()["undo"]["address"], lost.json()["undo"]["fields"], headers=JSON)
    lead.refresh_from_db()
    assert (lead.status.name, lead.reason_lost) == ("Open", None)


def test_of_two_who_move_a_card_the_second_sees_it(signed_in, actors, tenant):
    lead = make_lead(actors.agent)
    proposal, contacted = stage(actors.agent, "Proposal"), stage(actors.agent, "Contacted")
    update_lead(lead.pk, {"pipeline_stage_id": proposal.pk}, actor=actors.colleague)

    answer = signed_in("agent").post(mover(lead), {"version": 1, "stage": contacted.pk}, headers=JSON)

    assert answer.status_code == 409
    assert answer.json()["message"].startswith(f"{tenant.users['colleague']} changed “Deal” meanwhile")
    assert answer.json()["cards"][str(lead.pk)]["stage"] == proposal.pk
    lead.refresh_from_db()
    assert (lead.stage, lead.version) == (proposal, 2)


def test_refusals_change_nothing_and_name_the_cause(signed_in, actors, other_actors):
    lead, foreign = make_lead(actors.agent), make_lead(other_actors.agent)
    theirs = stage(other_actors.agent, "Proposal")
    client = signed_in("agent")

    def refuse(target: Lead, **fields: object) -> tuple[int, str]:
        answer = client.post(mover(target), fields, headers=JSON)
        return answer.status_code, answer.json()["message"]

    assert refuse(foreign, version=1, outcome="won") == refuse(Lead(pk=10**9), version=1, outcome="won")
    assert refuse(foreign, version=1)[0] == 404
    assert refuse(lead, version=1, stage=theirs.pk) == (
        422,
        "This choice no longer exists: open the board again.",
    )
    assert refuse(lead, version=1)[1] == "“Deal” stays where it is: Choose a stage."
    assert refuse(lead, stage="1")[0] == 400
    assert signed_in("viewer").post(mover(lead), {"version": 1, "outcome": "won"}).status_code == 403
    assert signed_in("viewer").get(mover(lead)).status_code == 403
    assert client.get(mover(foreign)).status_code == 404
    assert client.get(reverse("admin:leads_lead_board_column", args=[theirs.pk])).status_code == 404
    assert client.get(BOARD, {"pipeline": theirs.pipeline_id}).context["pipeline"].is_default
    assert client.get(CARDS, {"ids": f"{foreign.pk},x"}).json()["cards"] == {str(foreign.pk): None}
    assert client.post(BOARD).status_code == 405
    assert set(Lead.objects.values_list("version", flat=True)) == {1}


def test_members_see_their_own_leads_alone_where_the_company_says_so(signed_in, actors):
    Company.objects.filter(pk=actors.agent.company_id).update(lead_visibility=LeadVisibility.OWN)
    make_lead(actors.colleague, title="Secret", leads_owner_id=actors.colleague.user_id, amount=5)

    assert totals_of(signed_in("agent").get(BOARD))["New"] == (0, "")
    assert columns_of(signed_in("manager").get(BOARD))["New"] == ["Secret"]


def test_other_pipelines_have_boards_of_their_own(signed_in, actors):
    lead = make_lead(actors.agent)
    other = create_pipeline({"name": "Partners", "stages": [{"name": "First"}]}, actor=actors.manager)
    first = Stage.objects.get(pipeline=other)
    client = signed_in("agent")

    shown = client.get(mover(lead), headers={"HX-Request": "true"}).content.decode()
    answer = client.post(f"{mover(lead)}", {"version": 1, "stage": first.pk}, headers=JSON)

    assert "Partners: First" in shown
    assert "<html" not in shown
    assert answer.json()["cards"] == {str(lead.pk): None}
    assert columns_of(client.get(BOARD, {"pipeline": other.pk})) == {"First": ["Deal"]}
    Pipeline.objects.update(deleted_at=timezone.now())
    assert "There is no pipeline yet" in client.get(BOARD).content.decode()


def test_statements_do_not_grow_with_the_cards(signed_in, actors):
    client = signed_in("agent")
    # Types of content are read once a process.
    client.get(BOARD)
    counted: list[list[int]] = []
    for number in (1, 12):
        for index in range(number):
            people = {"firstname": f"Jane {index}", "organization": f"Acme {number} {index}"}
            lead = make_lead(
                actors.agent, people=people, tags=[{"name": f"Tag {index}"}, {"name": "All"}], amount=5
            )
            create_activity(
                {"entity_type": "LEAD", "entity_id": lead.pk, "kind": "TASK", "subject": "Call"},
                actor=actors.agent,
            )
        keys = ",".join(str(key) for key in Lead.objects.values_list("pk", flat=True))
        statements = []
        for address, query in ((BOARD, {}), (BOARD, {"owner": "me"}), (CARDS, {"ids": keys})):
            with CaptureQueriesContext(connection) as queries:
                client.get(address, query)
            statements.append(len(queries))
        counted.append(statements)
    assert counted[0] == counted[1]


def test_what_was_rendered_for_an_event_answers_all_boards_that_show_the_same(signed_in, actors, monkeypatch):
    # What other tests rendered a moment ago is of the same company.
    monkeypatch.setattr(present, "shared_cards", shared.SharedCards())
    # However busy the machine is.
    for name in ("KEPT_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(shared, name, 600.0)
    lead = make_lead(actors.agent, title="Shared", amount=5, currency="EUR")
    first, second, viewer = signed_in("agent"), signed_in("colleague"), signed_in("viewer")

    def asked(client: Any, cursor: str, **filters: str) -> tuple[Any, int]:
        with CaptureQueriesContext(connection) as queries:
            said = client.get(CARDS, {"ids": f"{lead.pk}@{cursor}", **filters}).json()
        # Reads of leads: their cards, their numbers and their sums.
        return said, sum("leads_lead" in query["sql"] for query in queries)

    def now() -> str:
        sequence()
        return str(journal.end())

    (rendered, reads), (again, no_reads) = asked(first, now()), asked(second, now())

    assert again == rendered
    assert (reads > 0, no_reads) == (True, 0)
    card = rendered["cards"][str(lead.pk)]
    assert (card["version"], 'class="move"' in card["html"]) == (1, True)
    # Who may do less, or asks for less, gets what is rendered for them.
    assert 'class="move"' not in asked(viewer, now())[0]["cards"][str(lead.pk)]["html"]
    assert asked(second, now(), owner="nobody")[0]["cards"] == {str(lead.pk): None}
    # A later event, an unknown one and none at all are answered by the rows.
    update_lead(lead.pk, {"title": "Moved", "amount": 7}, actor=actors.agent)
    # Rendered with what comes until then, since something was a moment ago.
    waits, no_reads = asked(second, now())
    assert (waits["cards"], waits["later"], waits["columns"]) == ({}, [lead.pk], rendered["columns"])
    assert no_reads == 0
    monkeypatch.setattr(shared, "PAUSE_SECONDS", 0.0)
    later, reads = asked(second, now())
    assert (later["cards"][str(lead.pk)]["version"], reads > 0) == (2, True)
    assert "7 EUR" in [column["sums"] for column in later["columns"]]
    assert [asked(second, cursor)[1] > 0 for cursor in ("", "x", str(Cursor("0" * 12, 1)))] == [True] * 3
    Company.objects.filter(pk=actors.agent.company_id).update(lead_visibility=LeadVisibility.OWN)
    assert asked(second, now())[0]["cards"] == {str(lead.pk): None}
