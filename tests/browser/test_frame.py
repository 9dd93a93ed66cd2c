"""The frame around all pages: names and colours of what opens, and of what the mouse is over."""

from typing import Literal

import pytest

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
