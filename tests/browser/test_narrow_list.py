"""The lists of records on a phone, in Chromium on a real server."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.place import Place

pytestmark = pytest.mark.browser


def test_rows_are_cards_on_a_phone_and_a_table_on_a_wide_screen(place: Place) -> None:
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/leads/lead/")
    row = page.get_by_role("row", name="Keyed")
    value = row.locator(".field-value")

    expect(value).to_have_attribute("data-label", "Value")
    assert value.evaluate("each => getComputedStyle(each, '::before').content") == '"Value"'
    for cell in row.get_by_role("cell").locator("visible=true").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    # It has no person.
    expect(row.locator(".field-live_person")).to_have_count(1)
    expect(row.locator(".field-live_person")).to_be_hidden()
    expect(row.get_by_role("rowheader")).to_have_text("Keyed")
    assert page.evaluate(axe.FITS)
    page.get_by_role("columnheader", name="Title").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("o="))

    page.set_viewport_size(axe.WIDE)
    expect(row.locator(".field-live_person")).to_be_visible()
    assert value.evaluate("each => getComputedStyle(each, '::before').content") == "none"
    assert value.evaluate("each => getComputedStyle(each).display") == "table-cell"
    page.context.close()
    assert place.complaints == []


def test_actions_come_to_the_thumb_once_a_row_is_chosen(place: Place) -> None:
    page = place.page("ann", width=390, touch=True)
    page.goto(f"{place.address}/leads/lead/")
    action = page.locator("#changelist-form .actions select[name=action]")
    expect(action).to_be_hidden()

    page.get_by_role("row", name="Noted").get_by_role("checkbox").tap()
    expect(action).to_be_in_viewport()
    expect(page.locator("#changelist-form .actions")).to_contain_text("1 of 8 selected")
    action.select_option("change_selected")
    page.locator("#changelist-form .actions button").tap()
    expect(page.get_by_role("heading", name="1 lead", exact=True)).to_be_visible()
    # A page can be measured before all its stylesheets are there.
    page.wait_for_load_state()
    # Nothing touches the edge of its card, or passes it.
    form = page.locator(".change-many fieldset").bounding_box()
    field = page.locator(".change-many select").first.bounding_box()
    assert form is not None
    assert field is not None
    assert form["x"] + 8 < field["x"]
    assert field["x"] + field["width"] + 8 < form["x"] + form["width"]
    page.context.close()
    assert place.complaints == []


@pytest.mark.parametrize(("language", "tasks"), [("en", "Tasks"), ("de", "Aufgaben"), ("es", "Tareas")])
def test_what_adds_a_record_stands_beside_the_heading(place: Place, language: str, tasks: str) -> None:
    page = place.page("ann", width=390)
    page.context.set_extra_http_headers({"Accept-Language": language})
    for path in ("people/organization/", "crm/activity/"):
        page.goto(f"{place.address}/{path}")
        heading = page.get_by_role("heading", level=1).bounding_box()
        adding = page.locator(".object-tools").bounding_box()
        assert heading is not None
        assert adding is not None
        assert heading["x"] + heading["width"] <= adding["x"]
        assert adding["x"] + adding["width"] <= 390
        assert abs(heading["y"] - adding["y"]) < 20
        assert page.evaluate(axe.FITS)
    expect(page.get_by_role("heading", level=1)).to_have_text(tasks)
    page.context.close()


def test_an_empty_list_says_why_and_what_to_do(place: Place) -> None:
    page = place.page("ann")
    page.goto(f"{place.address}/leads/lead/?q=nobody+knows")
    expect(page.locator(".no-rows")).to_contain_text("Nothing is found by this search and these filters.")
    expect(page.locator("select[name=action]")).to_have_count(0)
    page.locator(".no-rows a").click()
    expect(page.get_by_role("row", name="Keyed")).to_be_visible()
    page.goto(f"{place.address}/people/merge/")
    expect(page.locator(".no-rows")).to_have_text("Nothing here yet.")
    page.context.close()
    assert place.complaints == []
