"""After how many days leads rot, said where none does and above the list of those that do."""

import re

import pytest
from django.urls import reverse

from crm.services.activities import create_activity
from leads.services.leads import create_lead
from pipelines.models import Stage
from pipelines.services.pipelines import create_pipeline
from pipelines.services.stages import create_stage
from tests.admin.conftest import messages_of
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db
HOME = reverse("admin:index")
LEADS = reverse("admin:leads_lead_changelist")


def set_limits(tenant, *limits):
    stages = Stage.objects.filter(company=tenant.company).order_by("weight")
    for stage, days in zip(stages, limits, strict=True):
        Stage.objects.filter(pk=stage.pk).update(rotting_days=days)


def test_the_rule_names_stages_and_days(signed_in, tenant):
    set_limits(tenant, 7, 14, 14, 0)
    pipeline = create_pipeline({"name": "Renewals"}, actor=tenant.actors.manager)
    create_stage({"name": "Ask", "pipeline_id": pipeline.pk, "rotting_days": 1}, actor=tenant.actors.manager)
    LeadFactory(company=tenant.company, owner=tenant.users["agent"])
    client = signed_in("agent")
    rule = (
        "An open lead rots when nothing was logged or changed for as long as its stage allows:"
        " 1 day in Renewals: Ask; 7 days in New; 14 days in Contacted, Proposal."
    )

    home = client.get(HOME)
    assert home.context["rotting_rule"] == rule
    assert f"None of your leads rots. {rule}" in home.content.decode()
    assert rule in client.get(LEADS, {"rotting": "yes"}).content.decode()
    assert rule not in client.get(LEADS).content.decode()

    Stage.objects.filter(company=tenant.company).update(rotting_days=0)
    none = "No stage has a number of days after which its leads rot."
    assert client.get(HOME).context["rotting_rule"] == none


def test_one_word_means_an_activity_of_the_member_and_another_one_any_work(signed_in, tenant):
    actor = tenant.actors.agent
    lead = create_lead({"title": "Deal", "leads_owner_id": actor.user_id}, actor=actor)
    client = signed_in("agent")

    home, listed = (" ".join(client.get(page).content.decode().split()) for page in (HOME, LEADS))

    # The lead was worked on when it was made, and has no note, call or task.
    assert "New leads: nothing logged yet</h3>" in home
    assert re.search(r">\s*Last worked on\s*<", listed)
    assert not re.search("last activity", home + listed, re.IGNORECASE)
    create_activity({"entity_type": "LEAD", "entity_id": lead.pk, "text": "Called"}, actor=actor)
    assert "nothing logged yet" not in client.get(HOME).content.decode()


def test_a_lead_that_was_won_on_its_page_is_open_again_by_its_message(signed_in, tenant):
    lead = create_lead({"title": "Deal"}, actor=tenant.actors.agent)
    client = signed_in("agent")
    page = reverse("admin:leads_lead_change", args=[lead.pk])
    shown = client.get(page).context

    won = client.post(
        shown["move_address"], {"version": lead.version, "outcome": "won", "next": page}, follow=True
    )
    [said] = messages_of(won)
    undo = dict(re.findall(r'name="(\w+)" value="([^"]*)"', said))
    again = client.post(shown["move_address"], undo, follow=True)

    assert (won.context["ending"], "“Deal” is won. Well done!" in said) == ("Won", True)
    assert f'action="{shown["move_address"]}"' in said
    assert again.redirect_chain[-1][0] == page
    assert (again.context["ending"], again.context["is_open"]) == ("", True)
