"""The pages of a long column of the board, which somebody may move cards of meanwhile."""

import re

import pytest
from django.urls import reverse

from leads.admin.board.cards import read_place
from leads.models import Lead
from leads.services.board import PAGE, place_of
from leads.services.leads import create_lead, update_lead
from pipelines.models import Stage

pytestmark = pytest.mark.django_db
TITLES = [f"Deal {number:02}" for number in range(PAGE + 4)]


def test_a_column_goes_on_behind_the_last_card_that_was_read_though_it_moved(signed_in, actors):
    for title in TITLES:
        create_lead({"title": title}, actor=actors.agent)
    client = signed_in("agent")
    board = client.get(reverse("admin:leads_lead_board")).content.decode()
    more = re.search(
        r'<li class="more" data-at="(\d+)" data-lead="(\d+)"><a href="[^"]+" hx-get="([^"]+)"', board
    )
    assert more is not None
    last = Lead.objects.get(title=TITLES[PAGE - 1])
    assert read_place(f"{more[1]}-{more[2]}") == place_of(last)

    contacted = Stage.objects.visible_to(actors.agent).get(name="Contacted", pipeline__is_default=True)
    update_lead(last.pk, {"pipeline_stage_id": contacted.pk}, actor=actors.agent)
    following = client.get(more[3].replace("&amp;", "&")).content.decode()

    assert re.findall(r"Deal \d\d(?=</a>)", following) == TITLES[PAGE:]


@pytest.mark.parametrize("text", ["", "7", "-7", "x-7", "1-x", "1--7", f"{10**17}-7", f"1-{10**30}", "-1-7"])
def test_an_address_that_names_no_place_starts_with_the_first(text):
    assert read_place(text) is None
