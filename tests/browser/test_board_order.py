"""Where cards stand on the board after a move, and the way to them by keys, in Chromium on a real server."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.making import LEADS
from tests.browser.place import Place, column, drag, tab_to

pytestmark = pytest.mark.browser


def titles(page: Page, number: int) -> list[str]:
    return column(page, number).locator(".title").all_inner_texts()


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


def test_cards_are_reached_by_a_skip_link_and_walked_by_arrows(place: Place) -> None:
    # One card at least in the second column, whatever ran before.
    place.api.data('mutation { createLead(input: {title: "Beside", pipeline_stage_id: 2}) { id } }')
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
