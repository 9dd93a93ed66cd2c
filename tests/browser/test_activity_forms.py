"""The forms of activities in Chromium: sent by keyboard, with what was typed taken along, by kind."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.place import Place

pytestmark = pytest.mark.browser


def open_lead(place: Place, page: Page, title: str) -> None:
    page.goto(f"{place.address}/leads/lead/{place.leads[title]}/change/")


def test_a_task_is_added_by_keyboard_and_a_call_planned_with_what_was_typed(place: Place) -> None:
    page = place.page("ann")
    open_lead(place, page, "Noted")
    # The day is of a task alone.
    expect(page.locator("#note-due_on")).to_be_hidden()
    page.select_option("#note-kind", "TASK")
    expect(page.locator("#note-due_on")).not_to_have_value("")
    page.fill("#note-due_on", "2031-06-06")
    page.fill("#note-text", "Send the quote")
    page.press("#note-text", "Control+Enter")
    expect(page.locator("#timeline-entries")).to_contain_text("Due 6 Jun 2031")
    expect(page.locator("#record-head")).to_contain_text("Send the quote")
    expect(page.locator("#note-text")).to_have_value("")
    expect(page.locator("#note-text")).to_be_focused()

    page.fill("#note-text", "Ask for the budget")
    page.select_option("#note-kind", "CALL")
    page.click("[data-takes-along]")

    expect(page.locator("#id_text")).to_have_value("Ask for the budget")
    expect(page.locator("#id_kind")).to_have_value("CALL")
    expect(page.locator("#id_subject")).to_be_focused()
    expect(page.locator("#id_due_at_0")).to_be_hidden()
    expect(page.locator("#id_minutes")).to_be_visible()
    # What another kind has is neither shown nor sent.
    page.fill("#id_minutes", "10")
    page.select_option("#id_kind", "TASK")
    expect(page.locator("#id_minutes")).to_be_hidden()
    expect(page.locator("#id_own_rule")).to_be_hidden()
    expect(page.locator("#content h1")).to_have_text("Task: Noted")
    page.select_option("#id_recurrence", "OTHER")
    expect(page.locator("#id_own_rule")).to_be_visible()
    page.fill("#id_own_rule", "FREQ=WEEKLY;BYDAY=MO,TH")
    page.fill("#id_due_at_0", "2031-06-05")
    page.click("[name=_save]")

    page.wait_for_url(re.compile(f"lead/{place.leads['Noted']}/change/$"))
    expect(page.locator("#record-head")).to_contain_text("5 Jun 2031: Ask for the budget")
    page.context.close()
    assert place.complaints == []


def test_a_call_is_logged_at_the_top_of_a_narrow_page(place: Place) -> None:
    page = place.page("ann", width=390)
    open_lead(place, page, "Touched")
    head, note, form = (page.locator(each).bounding_box() for each in ("#record-head", "#note", "#lead_form"))
    assert head is not None
    assert note is not None
    assert form is not None
    assert head["y"] + head["height"] <= note["y"] <= note["y"] + note["height"] <= form["y"]
    page.select_option("#note-kind", "CALL")
    page.fill("#note-text", "Left a message")
    page.evaluate("document.getElementById('note').scrollIntoView()")
    expect(page.locator("#content h1")).not_to_be_in_viewport()

    page.click("#note-add")

    message = page.locator("#frame-messages li")
    expect(message).to_have_text(re.compile("The call was added"))
    expect(message).to_be_in_viewport(ratio=1)
    expect(page.locator("#timeline-entries")).to_contain_text("Left a message")
    page.context.close()
    assert place.complaints == []


def test_my_day_of_a_phone_stays_where_it_was_when_a_task_is_finished(place: Place) -> None:
    ann = place.api.data("{ me { id } }")["me"]["id"]
    about = f"entity_type: LEAD, entity_id: {place.leads['Keyed']}, assignee_id: {ann}"
    for number in range(12):
        values = f'kind: TASK, subject: "Task {number}", {about}'
        place.api.data(f"mutation {{ createActivity(input: {{{values}}}) {{ id }} }}")
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/")
    # Sums of a company that sells much.
    sum_ = "<span>12,345,678,901,234.50 EUR</span>"
    page.locator(".tiles .sums").first.evaluate("(sums, text) => { sums.innerHTML = text; }", sum_)
    ends = "tiles => tiles.map((tile) => tile.getBoundingClientRect().right)"
    right = page.locator(".tiles > div").evaluate_all(ends)
    assert max(right) <= 390 - 16
    page.evaluate("window.scrollTo(0, 200)")

    page.get_by_role("button", name="Done: Task 3").click()

    message = page.locator("#frame-messages li")
    expect(message).to_contain_text("Task 3")
    expect(page.locator("#my-day")).not_to_contain_text("Task 3")
    expect(message).to_be_in_viewport(ratio=1)
    assert abs(page.evaluate("window.scrollY") - 200) <= 100
    message.get_by_role("button", name="Undo").click(trial=True)
    page.context.close()
    assert place.complaints == []
