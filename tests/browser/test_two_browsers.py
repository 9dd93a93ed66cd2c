"""A board in two browsers, on each database: moves of the other, and those missed during a restart."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.browser.place import Place, column, drag

pytestmark = pytest.mark.browser
#: With PostgreSQL the events come by Redis; with SQLite within the process.
EACH_DATABASE = pytest.mark.parametrize(
    "server_environment",
    ["sqlite", pytest.param("services", marks=pytest.mark.postgres)],
    indirect=True,
    scope="module",
)


@EACH_DATABASE
def test_each_of_two_browsers_sees_the_moves_of_the_other_also_after_a_restart(
    place: Place, server: ExitStack
) -> None:
    ann, bob = place.board("ann"), place.board("bob")

    drag(ann, place.card(ann, "Dragged", "New"), column(ann, 1))

    seen = place.card(bob, "Dragged", "Contacted")
    expect(seen).to_have_class(re.compile("changed"))
    expect(bob.locator(".column .count").nth(1)).to_have_text("1")
    expect(bob.locator(".column .sums").nth(1)).to_have_text("100 EUR")
    expect(ann.locator("#frame-messages")).to_contain_text("“Dragged” is in Contacted.")
    bob.locator(f"#lead-{place.leads['Dragged']} a.move").click()
    bob.get_by_role("button", name="Proposal").click()
    place.card(ann, "Dragged", "Proposal")
    ann.get_by_role("button", name="Undo").click()
    # Bob moved it since, so that there is nothing to undo any more.
    expect(ann.locator("#frame-messages .error")).to_contain_text("bob changed “Dragged” meanwhile")
    complaints = [text for text in place.complaints if "409" not in text]

    server.close()
    ann.wait_for_selector("#live[data-state=lost]")
    place.serve(server)
    moved = f"updateLead(id: {place.leads['Missed']}, input: {{ pipeline_stage_id: 3 }}) {{ id }}"
    place.api.data(f"mutation {{ {moved} }}")
    for page in (ann, bob):
        place.card(page, "Missed", "Proposal")
        page.wait_for_selector("#live[data-state=live]")
        page.context.close()
    # While the server was away, the browsers say that it does not answer.
    place.complaints.clear()
    assert complaints == []
