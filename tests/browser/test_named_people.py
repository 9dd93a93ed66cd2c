"""People named on a lead, the timeline of a person, and the comparison of two, in Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import FITS, WIDE, Auditor
from tests.browser.place import Place

pytestmark = pytest.mark.browser


def made(place: Place, mutation: str) -> str:
    """Create a row by the API; return its id."""
    answer = place.api.data(f"mutation {{ made: {mutation} {{ id }} }}")
    return str(answer["made"]["id"])


def audit(page: Page) -> None:
    page.set_viewport_size(WIDE)
    # Colours that change from one theme to the other would be measured on their way.
    page.emulate_media(reduced_motion="reduce")
    assert Auditor().issues(page) == []


def choose(page: Page, text: str) -> None:
    """Look up a person by typing, and take the first one."""
    page.locator("#people-of-lead .select2-selection").focus()
    page.keyboard.press("Enter")
    page.get_by_role("searchbox", name="Person").press_sequentially(text)
    expect(page.locator(".select2-results__option").first).to_have_text(re.compile(text))
    page.keyboard.press("Enter")


def test_people_are_named_by_keyboard_and_what_was_typed_stays(place: Place) -> None:
    jane = made(place, 'createPeople(input: {firstname: "Jane", lastname: "Role"})')
    made(place, 'createPeopleRelationship(input: {name: "Decision maker"})')
    made(place, 'createPeopleRelationship(input: {name: "User"})')
    page = place.page("ann")
    page.goto(f"{place.address}/leads/lead/{place.leads['Noted']}/change/")
    page.fill("#id_description", "Typed, not saved")

    panel = page.locator("#people-of-lead")
    expect(panel).to_contain_text("Nobody yet")
    choose(page, "Jane")
    page.select_option("#new-role-relationship", label="Decision maker")
    page.locator("#new-role-add").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("link", name="Jane Role")).to_be_visible()
    expect(page.locator("#timeline-entries")).to_contain_text("Jane Role (Decision maker)")
    expect(page.locator("#frame-messages")).to_contain_text("is named on this lead as Decision maker")
    # The box to look people up is made anew.
    expect(panel.locator(".select2-selection")).to_be_visible()
    page.get_by_label("Role of Jane Role", exact=True).select_option(label="User")
    page.get_by_role("button", name="Save the role of Jane Role").click()
    expect(page.locator("#timeline-entries")).to_contain_text("Jane Role (User)")
    audit(page)
    page.get_by_role("button", name="Remove Jane Role").click()
    expect(panel).to_contain_text("Nobody yet")
    assert page.input_value("#id_description") == "Typed, not saved"
    # Undo leads back by a page of its own.
    page.fill("#id_description", "")
    page.locator("#frame-messages").get_by_role("button", name="Undo").click()
    expect(panel.get_by_role("link", name="Jane Role")).to_be_visible()

    # On the page of the person: the lead with the role, and what was logged on it.
    page.fill("#note-text", "Said on the lead")
    page.click("#note-add")
    expect(page.locator("#timeline-entries")).to_contain_text("Said on the lead")
    page.goto(f"{place.address}/people/person/{jane}/change/")
    entries = page.locator("#timeline-entries")
    expect(page.locator(".record-side")).to_contain_text("Named on leads")
    expect(entries).to_contain_text("Said on the lead")
    page.get_by_role("link", name="Without leads").press("Enter")
    expect(entries).not_to_contain_text("Said on the lead")
    page.get_by_role("link", name="With leads").press("Enter")
    expect(entries.get_by_role("link", name="Noted")).to_be_visible()
    audit(page)
    page.context.close()
    assert place.complaints == []


def test_the_warning_leads_to_a_comparison_that_fits_a_phone(place: Place) -> None:
    one = made(place, 'createPeople(input: {firstname: "Jo", email: "jo@x.example"})')
    two = made(place, 'createPeople(input: {firstname: "Joan"})')
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/people/person/{two}/change/")
    page.get_by_role("button", name="Main fields").click()
    page.fill("#id_email", "jo@x.example")
    page.get_by_role("button", name="Save and continue editing").click()

    page.locator("#possible-duplicate").get_by_role("link", name="compare and merge").click()
    page.wait_for_url(re.compile(rf"person/{two}/compare/{one}/$"))

    assert page.evaluate(FITS)
    audit(page)
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("#frame-messages")).to_contain_text("Merged")
    page.context.close()
    assert place.complaints == []
