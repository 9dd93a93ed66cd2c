"""A person at a browser, whose pages, clicks, keys and seconds are counted."""

import re
import time
from dataclasses import dataclass, field
from itertools import count

from playwright.sync_api import Locator, Page

#: Leads that are given to somebody else.
MANY = 20
#: Of each run others, so that a second one on the same data meets no duplicate.
MARK = f"{int(time.time()) % 1_000_000:06}"


@dataclass
class Hand:
    """A person at a browser: what it does is counted."""

    page: Page
    address: str
    pages: int = 0
    clicks: int = 0
    keys: int = 0
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self._count(frame is page.main_frame))

    def _count(self, is_page: bool) -> None:
        self.pages += is_page

    def open(self, path: str) -> None:
        """Go to where a task begins, which counts for nothing."""
        self.page.goto(f"{self.address}/admin/{path}")
        self.pages = self.clicks = self.keys = 0
        self.begun = time.monotonic()

    def click(self, target: Locator, **options: object) -> None:
        target.click(**options)  # type: ignore[arg-type]  # as Playwright names them
        self.clicks += 1

    def type(self, target: Locator, text: str) -> None:
        """Click into an input and type."""
        self.click(target)
        target.fill(text)
        self.keys += len(text)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def choose(self, target: Locator, label: str | re.Pattern[str]) -> None:
        """Open a list and choose from it: two clicks."""
        options = target.locator("option")
        found = options.filter(has_text=label).first.get_attribute("value")
        target.select_option(found)
        self.clicks += 2

    def window(self, target: Locator) -> Page:
        """Click on what opens a window."""
        with self.page.expect_popup() as opened:
            self.click(target)
        self.pages += 1
        return opened.value

    def row(self, task: str) -> str:
        seconds = time.monotonic() - self.begun
        return f"| {task} | {self.pages} | {self.clicks} | {self.keys} | {seconds:.1f} |\n"


def first_open_lead(hand: Hand) -> str:
    """Return the path of an open lead."""
    query = "?owned=all&open=yes" if hand.page.locator(".frame-nav").count() else ""
    hand.page.goto(f"{hand.address}/admin/leads/lead/{query}")
    links = hand.page.locator("#result_list a[href*='/leads/lead/'][href*='/change/']")
    place = min(next(_leads), links.count() - 1)
    return (links.nth(place).get_attribute("href") or "").split("/admin/", 1)[1].split("?")[0]


_leads = count()
