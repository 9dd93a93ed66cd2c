"""The frame around all pages: names and colours of what opens and what the mouse is over, and the search."""

from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.place import Place

pytestmark = [pytest.mark.browser, pytest.mark.node]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def test_open_menus_have_names_and_contrast_light_and_dark_wide_and_narrow(place: Place) -> None:
    page = place.page("ann")
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{place.address}/")
    page.evaluate(axe.source())
    found: list[str] = []

    def audit() -> None:
        found.extend(page.evaluate(axe.RUN, ["color-contrast", *axe.NAMES]))

    for size in (axe.WIDE, axe.NARROW):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # What the mouse is over has a colour of its own.
            for menu in ("#quick-add", "#own-menu"):
                page.locator(f"{menu} > summary").click()
                audit()
                page.locator(f"{menu} li a").first.hover()
                audit()
                page.keyboard.press("Escape")
            page.locator(".frame-nav a[aria-current]").first.hover()
            audit()
            page.keyboard.press("?")
            page.locator("#frame-dialog [data-closes]").hover()
            audit()
            page.keyboard.press("Escape")

    assert found == []
    page.context.close()
    assert place.complaints == []


def test_a_search_that_finds_nothing_leads_to_a_new_person_by_keyboard(place: Place) -> None:
    page = place.page("ann")
    page.goto(f"{place.address}/crm/activity/")
    box = page.locator("#frame-search")
    box.fill("Zoë van Berg")
    expect(page.locator("#frame-found .offered")).to_have_count(3)

    # Nothing is chosen yet: Enter shows the page of the search.
    box.press("Enter")
    page.wait_for_url("**/search/?q=*")
    box.fill("Zoë van Berg")
    expect(page.locator("#frame-found .offered")).to_have_count(3)
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(page.get_by_role("option", name="New: Person “Zoë van Berg”")).to_have_attribute(
        "aria-selected", "true"
    )
    box.press("Enter")
    expect(page.locator("#id_firstname")).to_have_value("Zoë")
    expect(page.locator("#id_lastname")).to_have_value("van Berg")
    page.context.close()
    assert place.complaints == []
