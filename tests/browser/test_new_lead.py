"""The page of a new lead that may be a duplicate, in Chromium on a real server."""

import pytest
from playwright.sync_api import expect

from tests.browser.place import Place

pytestmark = pytest.mark.browser


def test_a_possible_duplicate_is_saved_by_the_button_of_its_warning(place: Place) -> None:
    known = 'createLead(input: {title: "Known", phone: "030 1234567"}) { id }'
    place.api.data(f"mutation {{ {known} }}")
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/leads/lead/add/")
    page.fill("#id_title", "Another")
    page.fill("#id_lastname", "Vogel")
    page.fill("#id_phone", "0049 30 1234567")
    page.locator("#id_phone").press("Enter")

    warning = page.get_by_role("alert")
    expect(warning).to_contain_text("Known")
    expect(warning).to_be_focused()
    # Nothing was typed there.
    expect(page.locator("#id_status")).to_be_hidden()
    page.locator("fieldset summary").click()
    page.fill("#id_description", "Asked by phone")

    # Not by the Enter key, which only asks again.
    page.locator("#id_title").press("Enter")
    expect(warning).to_be_focused()
    expect(page.locator("#id_description")).to_have_value("Asked by phone")
    expect(page.locator("#id_description")).to_be_visible()
    page.get_by_role("button", name="Save anyway").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Another")
    page.context.close()
    assert place.complaints == []
