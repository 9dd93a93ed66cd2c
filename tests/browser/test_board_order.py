"""Where cards stand on the board after a move, and the way to them by keys, in Chromium on a real server."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.making import LEADS
from tests.browser.place import Place, column, drag, tab_to

pytestmark = pytest.mark.browser


def titles(page: Page, number: int) -> list[str]:
    return column(page, number).locator(".title").all_inner_texts()


def key_of(page: Page, title: str) -> str:
    return str(page.locator(".card", has_text=title).get_attribute("data-lead"))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText"))


def test_a_dropped_card_stands_where_it_stands_after_reloading(place: Place) -> None:
    page = place.board("ann")
    assert titles(page, 0) == [*LEADS]
    for title in ("Keyed", "Touched", "Stale"):
        drag(page, place.card(page, title, "New"), column(page, 1))
        expect(page.locator("#frame-messages .success").last).to_contain_text(f"“{title}” is in Contacted")

    shown = titles(page, 1)
    # A move is an activity, and the longest untouched stand first.
    assert shown == ["Keyed", "Touched", "Stale"]
    # One that others moved stands there too.
    other = place.board("bob")
    moved = f"updateLead(id: {place.leads['Noted']}, input: {{ pipeline_stage_id: 2 }}) {{ id }}"
    place.api.data(f"mutation {{ {moved} }}")
    for board in (page, other):
        place.card(board, "Noted", "Contacted")
        assert titles(board, 1) == ["Keyed", "Touched", "Stale", "Noted"]
    page.reload()
    assert titles(page, 1) == ["Keyed", "Touched", "Stale", "Noted"]

    drag(page, place.card(page, "Keyed", "Contacted"), column(page, 0))
    expect(page.locator("#frame-messages .success").last).to_contain_text("“Keyed” is in New")
    assert titles(page, 0) == ["Dragged", "Missed", "Edited", "Compared", "Keyed"]
    page.reload()
    assert titles(page, 0)[-1] == "Keyed"
    page.context.close()
    other.context.close()
    assert place.complaints == []


def test_a_card_that_is_moved_to_a_long_column_stands_behind_what_was_not_read(place: Place) -> None:
    long = [f"Long {number:02}" for number in range(30)]
    for title in long:
        made = f'createLead(input: {{ title: "{title}", pipeline_stage_id: 3 }})'
        place.api.data(f"mutation {{ {made} {{ id }} }}")
    page = place.board("ann")
    more = column(page, 2).locator(".more")
    moved = place.card(page, "Dragged", "New")
    assert titles(page, 2) == long[:25]

    page.locator("#to-cards").focus()
    moved.locator(".move").click()
    page.get_by_role("button", name="Proposal", exact=True).click()
    expect(page.locator("#frame-messages .success").last).to_contain_text("“Dragged” is in Proposal")
    assert titles(page, 2) == [*long[:25], "Dragged"]
    # Those that are not read yet stand before it.
    assert more.locator("xpath=following-sibling::li").count() == 1
    # The last of the page is touched, and goes behind them too.
    touched = f'updateLead(id: {key_of(page, long[24])}, input: {{ title: "Touched last" }})'
    place.api.data(f"mutation {{ {touched} {{ id }} }}")
    expect(column(page, 2).locator(".title").last).to_have_text("Touched last")
    assert titles(page, 2) == [*long[:24], "Dragged", "Touched last"]
    more.locator("a").click()
    expect(more).to_have_count(0)
    assert titles(page, 2) == [*long[:24], *long[25:], "Dragged", "Touched last"]
    page.reload()
    assert titles(page, 2) == long[:24] + long[25:26]
    page.context.close()
    assert place.complaints == []


def test_cards_are_reached_by_a_skip_link_and_walked_by_arrows(place: Place) -> None:
    # In a column beside the first, whichever tests ran before.
    moved = f"updateLead(id: {place.leads['Noted']}, input: {{ pipeline_stage_id: 2 }}) {{ id }}"
    place.api.data(f"mutation {{ {moved} }}")
    page = place.board("ann")
    key = page.keyboard
    tab_to(page, "#to-cards")
    key.press("Enter")
    assert focused(page) == titles(page, 0)[0]

    key.press("ArrowDown")
    assert focused(page) == titles(page, 0)[1]
    key.press("End")
    assert focused(page) == titles(page, 0)[-1]
    key.press("Home")
    key.press("ArrowRight")
    assert focused(page) == titles(page, 1)[0]
    # The card is the one stop of the board, with its "Move" behind it.
    key.press("Tab")
    assert page.evaluate("document.activeElement.className") == "move"
    assert page.locator(".cards a[tabindex='0']").count() == 2
    key.press("Tab")
    assert page.evaluate("document.activeElement.closest('.board') === null")
    key.press("Shift+Tab")
    key.press("Shift+Tab")
    assert focused(page) == titles(page, 1)[0]

    key.press("m")
    expect(page.get_by_role("button", name="New", exact=True)).to_be_focused()
    key.press("Escape")
    expect(column(page, 1).locator(".title").first).to_be_focused()
    key.press("ArrowLeft")
    opened = titles(page, 0)[0]
    assert focused(page) == opened
    key.press("Enter")
    expect(page.locator("h1")).to_have_text(opened)
    page.go_back()
    key.press("?")
    expect(page.locator("#frame-dialog")).to_contain_text(re.compile("from card to card"))
    page.context.close()
    assert place.complaints == []
