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


def test_rows_of_a_person_are_folded_on_a_phone_but_not_what_was_refused(place: Place) -> None:
    contacts = '[{contacts_types_id: "1", value: "pia@example.com"}]'
    address = '[{city: "Bristol", country: "GB"}]'
    made = f'createPeople(input: {{firstname: "Pia", contacts: {contacts}, address: {address}}}) {{ id }}'
    key = place.api.data(f"mutation {{ {made} }}")["createPeople"]["id"]
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/people/person/{key}/change/")
    heading = {
        name: page.get_by_role("button", name=name)
        for name in ("Main fields", "Further", "Addresses", "Jobs")
    }

    assert [each.get_attribute("aria-expanded") for each in heading.values()] == ["false"] * 4
    expect(heading["Addresses"]).to_have_text("Addresses (1)")
    expect(page.get_by_text("Add another Address")).to_be_hidden()
    expect(page.locator("#id_addresses-0-city")).to_be_hidden()
    # From the note to the timeline is less than one screen.
    ends = page.evaluate(
        """["note", "timeline"].map((id) => document.getElementById(id).getBoundingClientRect().top)"""
    )
    assert ends[1] - ends[0] < 844

    heading["Main fields"].click()
    page.fill("#id_middlename", "Ann")
    heading["Main fields"].click()
    heading["Addresses"].click()
    page.fill("#id_addresses-0-zip", "BS1")
    heading["Further"].click()
    page.get_by_text("Add another E-mail or phone").click()
    page.fill("#id_contacts-0-value", "no type")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator(".errornote")).to_be_visible()
    states = {name: each.get_attribute("aria-expanded") for name, each in heading.items()}
    assert states == {"Main fields": "true", "Further": "true", "Addresses": "true", "Jobs": "false"}
    expect(page.locator("#id_middlename")).to_have_value("Ann")
    page.set_viewport_size({"width": 1280, "height": 844})
    expect(page.locator("fieldset.folded")).to_have_count(0)
    expect(page.get_by_role("heading", name="Addresses", exact=True)).to_be_visible()
    # Turned back, the typed text of the open page stays in sight too.
    page.fill("#id_external_id", "A-7")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#id_external_id")).to_be_visible()
    page.context.close()
    assert place.complaints == []


def test_save_stands_first_and_delete_apart(place: Place) -> None:
    page = place.page("ann", width=390)
    page.goto(f"{place.address}/leads/lead/{place.leads['Keyed']}/change/")
    parts = page.evaluate(
        """() => [...document.querySelectorAll(".submit-row > :is(input, a)")].map((each) => [
            each.value ?? each.textContent, each.getBoundingClientRect().width > 250,
            getComputedStyle(each).backgroundColor
        ])"""
    )
    filled = {name: colour for name, _, colour in parts}

    assert [name for name, is_wide, _ in parts if is_wide] == ["Save", "Delete"]
    assert [name for name, colour in filled.items() if colour == filled["Save"]] == ["Save"]
    gap = page.evaluate(
        """() => document.querySelector(".deletelink").getBoundingClientRect().top
            - document.querySelector("[name=_continue]").getBoundingClientRect().bottom"""
    )
    assert gap > 20
    page.context.close()


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
