"""The page of a record and the bar of pages on a phone, in Chromium on a real server."""

import pytest
from playwright.sync_api import expect

from tests.browser.place import Place

pytestmark = pytest.mark.browser


def test_groups_of_fields_are_folded_on_a_phone_and_open_for_what_is_wrong(place: Place) -> None:
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/leads/lead/{place.leads['Keyed']}/change/")
    groups = page.locator("#content-main form > div > fieldset.module:not(.version)")
    folded = page.locator("fieldset.folded")

    assert folded.count() == groups.count() > 4
    expect(page.locator("#id_amount")).to_be_hidden()
    # What the head has, nothing else shows.
    assert page.get_by_text("100 EUR", exact=True).locator("visible=true").count() == 1
    page.get_by_role("button", name="Value").press("Enter")
    expect(page.locator("#id_amount")).to_be_visible()
    expect(page.get_by_role("button", name="Value")).to_have_attribute("aria-expanded", "true")

    page.get_by_role("button", name="Main fields").click()
    page.fill("#id_title", "")
    page.get_by_role("button", name="Main fields").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#id_title")).to_be_visible()

    page.set_viewport_size({"width": 1280, "height": 844})
    expect(folded).to_have_count(0)
    expect(page.get_by_role("button", name="Value")).to_have_count(0)
    expect(page.locator("#id_description")).to_be_visible()
    page.context.close()
    assert place.complaints == []


def test_lists_of_a_person_are_folded_on_a_phone_and_open_for_what_is_wrong(place: Place) -> None:
    made = place.api.data('mutation { made: createPeople(input: {firstname: "Folded"}) { id } }')
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/people/person/{made['made']['id']}/change/")
    add = page.get_by_role("button", name="Add another E-mail or phone")
    expect(add).to_be_hidden()
    expect(page.get_by_role("button", name="Add another Address")).to_be_hidden()
    expect(page.locator(".frame-brand")).to_have_accessible_name("Acme")

    page.get_by_role("button", name="Further e-mails and phones").click()
    add.click()
    page.select_option("#id_contacts-0-type", label="E-mail")
    page.fill("#id_contacts-0-value", "nobody")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector(".errornote")
    expect(page.locator("#id_contacts-0-value")).to_be_visible()
    expect(page.get_by_role("button", name="Addresses")).to_have_attribute("aria-expanded", "false")
    page.context.close()
    assert place.complaints == []


def test_more_offers_the_pages_that_do_not_stand_beside_it(place: Place) -> None:
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/")
    page.locator("#frame-more > summary").click()

    beside = page.locator(".frame-nav > ul.first > li").locator("visible=true").all_inner_texts()
    offered = page.locator("#frame-more li").all_inner_texts()

    assert beside == ["My day", "Board", "Leads", "People"]
    assert "Tasks" in offered
    assert not set(beside) & set(offered)
    page.context.close()


def test_buttons_of_a_row_have_one_height_and_the_font_of_the_page(place: Place) -> None:
    for width in (390, 1280):
        page = place.page("ann", width=width)
        page.goto(f"{place.address}/leads/lead/")
        heights = page.evaluate(
            """() => [...document.querySelectorAll(
                ".list-tools > .button, .list-tools summary.button, #changelist-search [type=submit]"
            )].map((each) => each.getBoundingClientRect().height)"""
        )
        assert len(heights) == 5
        assert len(set(heights)) == 1
        page.goto(f"{place.address}/leads/lead/{place.leads['Keyed']}/change/")
        fonts = """() => {
            const font = (name, part) => getComputedStyle(document.querySelector(name), part).fontFamily;
            return [font("body"), font("[type=file]", "::file-selector-button"), font("[data-prints]")];
        }"""
        assert len(set(page.evaluate(fonts))) == 1
        page.context.close()
