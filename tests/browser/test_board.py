"""Board, calendar and frame in Chromium, on a real server: keys alone, refusals, a narrow screen."""

import re

import pytest
from playwright.sync_api import Dialog, Locator, Route, expect

from tests.browser.place import Place, column, drag

pytestmark = pytest.mark.browser


def test_a_move_and_a_loss_by_the_keyboard_alone(place: Place) -> None:
    page = place.board("ann")
    key = page.keyboard
    place.card(page, "Keyed", "New")

    page.locator(f"#lead-{place.leads['Keyed']} a.move").focus()
    key.press("Enter")
    expect(page.get_by_role("button", name="Contacted")).to_be_focused()
    key.press("Tab")
    key.press("Enter")
    place.card(page, "Keyed", "Proposal")
    expect(page.locator(f"#lead-{place.leads['Keyed']} a.move")).to_be_focused()
    key.press("Enter")
    expect(page.get_by_role("button", name="New", exact=True)).to_be_focused()
    for _ in range(4):
        key.press("Tab")
    key.type("No budget")
    key.press("Tab")
    key.press("Tab")
    expect(page.get_by_role("button", name="Lost")).to_be_focused()
    key.press("Enter")
    expect(page.locator("#frame-messages")).to_contain_text("“Keyed” is lost.")
    expect(page.locator(f"#lead-{place.leads['Keyed']}")).to_have_count(0)
    lost = place.api.data(
        f"{{ lead(id: {place.leads['Keyed']}) {{ status {{ name }} lost_reason {{ name }} }} }}"
    )
    assert lost["lead"] == {"status": {"name": "Lost"}, "lost_reason": {"name": "No budget"}}

    key.press("/")
    expect(page.locator("#frame-search")).to_be_focused()
    key.type("note")
    expect(page.locator("#frame-found [aria-selected=true]")).to_contain_text("Noted")
    key.press("Enter")
    page.wait_for_selector("h1:has-text('Noted')")
    page.context.close()
    assert place.complaints == []


def test_a_refused_move_goes_back_with_a_message(place: Place) -> None:
    page = place.board("bob", live=False)
    moved = f"updateLead(id: {place.leads['Stale']}, input: {{ pipeline_stage_id: 4 }}) {{ id }}"
    place.api.data(f"mutation {{ {moved} }}")

    drag(page, place.card(page, "Stale", "New"), column(page, 1))

    expect(page.locator("#frame-messages .error")).to_contain_text("ann changed “Stale” meanwhile")
    place.card(page, "Stale", "Negotiation")
    page.context.close()
    # The browser itself reports answers that refuse, and the socket that this page may not have.
    others = [text for text in place.complaints if not re.search("40[49]|WebSocket", text)]
    place.complaints.clear()
    assert others == []


def test_a_card_is_dropped_anywhere_in_a_column(place: Place) -> None:
    page = place.board("bob")
    columns = page.locator(".column")

    drag(page, place.card(page, "Missed", "New"), columns.nth(2), down=500)
    expect(page.locator("#frame-messages .success")).to_contain_text("“Missed” is in Proposal")
    drag(page, place.card(page, "Missed", "Proposal"), columns.nth(1), down=12)
    expect(page.locator("#frame-messages .success")).to_contain_text("“Missed” is in Contacted")
    drag(page, place.card(page, "Missed", "Contacted"), columns.nth(0), down=12)
    place.card(page, "Missed", "New")
    page.context.close()
    assert place.complaints == []


def test_nothing_moves_while_a_card_is_dragged(place: Place) -> None:
    page = place.board("bob")
    columns = page.locator(".column")
    place.card(page, "Touched", "New")
    answers: list[Route] = []
    page.route("**/move/**", lambda route: answers.append(route))
    drag(page, place.card(page, "Edited", "New"), columns.nth(1), down=12)
    top = "document.querySelector('.column').getBoundingClientRect().top"
    before = page.evaluate(top)

    # The answer to the first move comes while the next card is held.
    drag(page, place.card(page, "Touched", "New"), columns.nth(0), down=200, drops=False)
    expect(page.locator("#board.dragging")).to_have_count(1)
    with page.expect_response("**/move/**") as answered:
        answers.pop().continue_()
    answered.value.finished()
    # The script has read the answer once it has run what came after it.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert page.evaluate(top) == before
    expect(page.locator("#frame-messages li")).to_have_count(0)

    page.mouse.up()
    expect(page.locator("#frame-messages .success")).to_contain_text("“Edited” is in Contacted")
    page.context.close()
    assert place.complaints == []


def test_an_entry_of_the_calendar_is_dragged_and_goes_back_if_it_is_refused(place: Place) -> None:
    task = (
        f'entity_type: LEAD, entity_id: {place.leads["Keyed"]}, kind: TASK, subject: "Offer", assignee_id: 1'
    )
    values = f'{{ {task}, due_at: "2031-06-02T12:00:00Z" }}'
    key = place.api.data(f"mutation {{ createActivity(input: {values}) {{ id }} }}")["createActivity"]["id"]
    page = place.page("ann")
    page.goto(f"{place.address}/crm/activity/calendar/?day=2031-06-02")

    def entry(day: int) -> Locator:
        return page.locator(f"[data-day='2031-06-0{day}'] .entry", has=page.locator(f"#move-{key}"))

    drag(page, entry(2), page.locator("[data-day='2031-06-04']"))
    expect(page.locator("#frame-messages .success")).to_contain_text("is on Wednesday, 4 June 2031")
    expect(entry(4)).to_contain_text("12:00")
    place.api.data(f'mutation {{ updateActivity(id: {key}, input: {{ subject: "Better" }}) {{ id }} }}')
    drag(page, entry(4), page.locator("[data-day='2031-06-06']"))
    expect(page.locator("#frame-messages .error")).to_contain_text("Somebody changed “Better” meanwhile")
    expect(entry(4)).to_contain_text("Better")
    # By keyboard alone: the focus comes back to the entry on its new day.
    page.focus(f"#move-{key}")
    page.keyboard.press("Enter")
    expect(page.locator("#frame-dialog [name=day]")).to_be_focused()
    page.locator("#frame-dialog [name=day]").fill("2031-06-03")
    page.keyboard.press("Enter")
    expect(entry(3)).to_be_visible()
    expect(page.locator(f"#move-{key}")).to_be_focused()
    page.focus(f"#tick-{key}")
    page.keyboard.press("Enter")
    expect(page.locator(f".entry.done #tick-{key}")).to_be_focused()
    # What was put in is htmx's own once it has settled; before, the form would post as without scripts.
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("#frame-messages .error")).to_contain_text("The server does not answer")
    page.context.close()
    # The browser itself, and htmx, report what was not answered.
    others = [text for text in place.complaints if not re.search("DISCONNECTED|htmx", text)]
    place.complaints.clear()
    assert others == []


def test_pages_keep_to_the_policy_and_to_a_narrow_screen_and_lose_no_text(place: Place) -> None:
    page = place.page("ann", width=390)
    lead = f"{place.address}/leads/lead/{place.leads['Noted']}"
    for address in (
        f"{place.address}/",
        f"{place.address}/leads/lead/board/",
        f"{place.address}/crm/activity/calendar/?view=month",
        f"{place.address}/search/?q=note",
        f"{place.address}/set-up/",
        f"{place.address}/new/task/?q=note",
        f"{lead}/move/?outcome=lost",
        f"{lead}/change/",
    ):
        page.goto(address)
        width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(width), address

    page.get_by_role("button", name="Details").click()
    page.fill("#id_description", "Typed before the note")
    page.fill("#note-text", "They called back")
    page.click("#note-add")
    page.wait_for_selector(".timeline >> text=They called back")
    assert page.input_value("#id_description") == "Typed before the note"
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.click(".frame-nav >> text=Board")
    expect(page.locator("h1")).to_have_text("Noted")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_selector(".messagelist .success")
    assert page.input_value("#id_description") == "Typed before the note"
    page.context.close()
    assert place.complaints == []
