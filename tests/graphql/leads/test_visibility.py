"""Visibility of leads in a company that shows own leads only."""

import pytest

from crm.actors import Door
from crm.authentication import actor_for
from crm.models.companies import LeadVisibility
from leads.models import Lead, LeadFollower, LeadReceiver
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory, LeadFollowerFactory, LeadParticipantFactory
from tests.graphql.leads.operations import create, not_found, update_refused

pytestmark = pytest.mark.django_db

COUNTS = """{ leads { data { title } paginatorInfo { total } }
  pipelines { data { lead_count stages { lead_count } } } leadReceivers { data { total_leads } } }"""


@pytest.fixture
def own(tenant):
    """Return actors of a company with own visibility."""
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    return {name: actor_for(user, tenant.company, door=Door.GRAPHQL) for name, user in tenant.users.items()}


@pytest.fixture
def leads(tenant):
    """Create a lead for each relation to the agent, and an unrelated one."""
    company, agent = tenant.company, tenant.users["agent"]
    receiver = LeadReceiver.objects.get(company=company)
    titles = ("owned", "participating", "followed", "hidden")
    rows = {title: LeadFactory(company=company, title=title, receiver=receiver) for title in titles}
    Lead.objects.filter(title="owned").update(owner=agent)
    LeadParticipantFactory(lead=rows["participating"], user=agent)
    LeadFollowerFactory(lead=rows["followed"], user=agent)
    return rows


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("agent", ["owned", "participating", "followed"]),
        ("colleague", []),
        ("viewer", []),
        ("manager", ["owned", "participating", "followed", "hidden"]),
        ("admin", ["owned", "participating", "followed", "hidden"]),
    ],
)
def test_lists_and_counts(own, leads, name, titles):
    answer = data(COUNTS, actor=own[name])

    number = len(titles)
    assert answer == {
        "leads": {"data": [{"title": title} for title in titles], "paginatorInfo": {"total": number}},
        "pipelines": {
            "data": [
                {
                    "lead_count": number,
                    "stages": [{"lead_count": count} for count in (number, 0, 0, 0)],
                }
            ]
        },
        "leadReceivers": {"data": [{"total_leads": number}]},
    }


def test_all_see_all_where_the_company_says_so(leads, actors):
    assert len(data("{ leads { data { id } } }", actor=actors.viewer)["leads"]["data"]) == 4


def test_hidden_lead_does_not_exist(own, leads):
    hidden = leads["hidden"]
    documents = [
        f"{{ lead(id: {hidden.pk}) {{ id }} }}",
        f'{{ lead(id: "{hidden.uuid}") {{ id }} }}',
        f"mutation {{ deleteLead(id: {hidden.pk}) }}",
        f"mutation {{ restoreLead(id: {hidden.pk}) }}",
        f'mutation {{ leadWonOrLost(id: {hidden.pk}, input: {{status: "won"}}) {{ id }} }}',
    ]

    refusals = [refusal(document, actor=own["agent"])["extensions"] for document in documents]

    assert refusals == [not_found("id")] * len(documents)
    assert update_refused(own["agent"], hidden.pk, title="X") == not_found("id")
    assert refusal(f"mutation {{ followLead(input: {{entity_id: {hidden.pk}}}) }}", actor=own["agent"])[
        "extensions"
    ] == not_found("input.entity_id")
    assert Lead.objects.get(pk=hidden.pk).version == 1
    assert LeadFollower.objects.filter(lead=hidden).count() == 0


def test_creator_of_a_lead_keeps_seeing_it(own, tenant):
    answer = create(own["agent"], leads_owner_id=None)

    assert answer["followers"] == [{"id": str(own["agent"].user_id)}]


def test_creator_who_owns_or_sees_all_does_not_follow(own, tenant):
    owned = create(own["agent"], leads_owner_id=tenant.users["agent"].pk)
    by_manager = create(own["manager"], leads_owner_id=None)

    assert (owned["followers"], by_manager["followers"]) == ([], [])


def test_reassigning_a_lead_out_of_sight_returns_null(own, leads, tenant):
    document = f"""mutation {{ updateLead(id: {leads["owned"].pk},
      input: {{leads_owner_id: {tenant.users["colleague"].pk}}}) {{ id }} }}"""

    assert data(document, actor=own["agent"]) == {"updateLead": None}
    assert data("{ leads { data { title } } }", actor=own["colleague"])["leads"]["data"] == [
        {"title": "owned"}
    ]
