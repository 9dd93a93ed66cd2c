"""A served company, and browsers of its members."""

import re
from contextlib import ExitStack
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page, StorageState, TimeoutError, expect

from tests.e2e.servers import Api, Lines, free_port, reading
from tests.forks import Warm
from tests.patience import PATIENCE_SECONDS

#: More than the controls of the longest page.
MOST_TABS = 150


@dataclass
class Place:
    """A served company, a browser, and what pages complained about."""

    browser: Browser
    forking: Warm
    port: int
    leads: dict[str, str]
    token: str
    complaints: list[str] = field(default_factory=list)
    #: Sign-in takes a second: once for each member.
    states: dict[str, StorageState] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/admin"

    @property
    def api(self) -> Api:
        return Api(self.port, self.token)

    def page(self, member: str, *, width: int = 1280, live: bool = True, touch: bool = False) -> Page:
        """Open a page as a member."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 844},
            storage_state=self.states.get(member),
            has_touch=touch,
            is_mobile=touch,
        )
        context.set_default_timeout(PATIENCE_SECONDS * 1_000)
        page = context.new_page()
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if not live:
            page.route_web_socket("**/graphql", lambda socket: socket.close())
        if member not in self.states:
            page.goto(f"{self.address}/login/")
            page.get_by_label("Username").fill(member)
            page.get_by_label("Password").fill("secret-of-members")
            page.get_by_role("button", name="Log in").click()
            page.wait_for_selector(".frame-nav")
            self.states[member] = context.storage_state()
        return page

    def board(self, member: str, *, live: bool = True) -> Page:
        page = self.page(member, live=live)
        page.goto(f"{self.address}/leads/lead/board/")
        if live:
            page.wait_for_selector("#live[data-state=live]")
        return page

    def card(self, page: Page, title: str, stage: str) -> Locator:
        """Wait for a card in a column, and return it."""
        column = page.locator(".column", has=page.get_by_role("heading", name=re.compile(stage)))
        card = column.locator(f"#lead-{self.leads[title]}")
        expect(card).to_be_visible(timeout=PATIENCE_SECONDS * 1_000)
        return card

    def serve(self, stack: ExitStack) -> Lines:
        serving = self.forking.start("manage.py", "serve", "--port", str(self.port))
        lines = stack.enter_context(reading(serving))
        self.api.wait_until_up(lines)
        return lines


def make_place(browser: Browser, forking: Warm) -> Place:
    """Make the company in a migrated database; its server is not started."""
    made = forking.run("-m", "tests.browser.making")
    leads = dict(re.findall(r"LEAD (\w+) (\d+)", made))
    token = re.findall(r"TOKEN (\S+)", made)[0]
    return Place(browser, forking, free_port(), leads, token)


def column(page: Page, number: int) -> Locator:
    """Return the cards of a column of the board."""
    return page.locator(".column .cards").nth(number)


def drag(page: Page, card: Locator, target: Locator, *, down: int = 30, drops: bool = True) -> None:
    """Drag to below the top of a target as a person does: in steps, and again if the card was not taken.

    :param drops: whether the card is dropped there, or still held.
    """
    for _ in range(PATIENCE_SECONDS):
        start, end = card.bounding_box(), target.bounding_box()
        if start is None or end is None:
            # Rendered anew just then, as after each move: the locator finds what stands there now.
            continue
        page.mouse.move(start["x"] + 30, start["y"] + start["height"] - 8)
        page.mouse.down()
        page.mouse.move(start["x"] + 60, start["y"] + 40, steps=4)
        page.mouse.move(end["x"] + 60, end["y"] + down, steps=8)
        try:
            target.locator(".ghost").wait_for(timeout=1_000)
        except TimeoutError:
            # A busy browser may have moved what is below the mouse, such as by a message above the board.
            page.mouse.move(5, 5)
            page.mouse.up()
        else:
            if drops:
                page.mouse.up()
            return
    raise AssertionError("The card was never taken.")


def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until something has the focus, as those who have no mouse do."""
    reached = "selector => document.activeElement.matches(selector)"
    for _ in range(MOST_TABS):
        if page.evaluate(reached, selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"No Tab reaches {selector}.")
