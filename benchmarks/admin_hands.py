"""Hands in a browser: they count what they do, and the pages that they see."""

import time

from playwright.sync_api import Frame, Locator, Page


class Hands:
    """The hands of one person at one task."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0
        self.pages = 0
        self.seconds = 0.0
        self._begun = time.perf_counter()
        page.on("framenavigated", self._count)
        page.on("popup", self._count_window)

    def _count(self, frame: Frame) -> None:
        self.pages += frame.parent_frame is None

    def _count_window(self, window: Page) -> None:
        window.on("framenavigated", self._count)

    def click(self, target: Locator, *, shift: bool = False) -> None:
        self.steps += 1
        target.click(modifiers=["Shift"] if shift else [])

    def type(self, target: Locator, text: str) -> None:
        self.steps += 1
        target.fill(text)
        # As keys do: some fields answer to them alone.
        target.dispatch_event("keyup")

    def choose(self, target: Locator, label: str) -> None:
        self.steps += 1
        option = target.locator("option", has_text=label).first
        target.select_option(value=option.get_attribute("value"))

    def key(self, name: str) -> None:
        self.steps += 1
        self.page.keyboard.press(name)

    def finish(self) -> None:
        """Stop counting."""
        self.seconds = time.perf_counter() - self._begun
        self.page.remove_listener("framenavigated", self._count)
        self.page.remove_listener("popup", self._count_window)
