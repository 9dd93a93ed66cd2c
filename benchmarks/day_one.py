"""The tasks of a sales person's first day, in steps and seconds, in Chromium.

``python -m benchmarks.day_one --address http://127.0.0.1:8020`` signs in to a server with demo data, as
``manage.py quickstart --no-serve`` makes them, and does each task as somebody who knows it would.
``--plain`` does the same tasks in Django's plain admin, as the CRM was at 2632fd0. Printed are the pages and
windows that were opened, clicks, keys and seconds: of the machine alone, since the script does not think.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

from playwright.sync_api import Locator, Page, sync_playwright

from tests.requirements import CHROMIUM_NAMES

WIDE = {"width": 1280, "height": 900}
#: Leads that are given to somebody else.
MANY = 20
#: Of each run others, so that a second one on the same data meets no duplicate.
MARK = f"{int(time.time()) % 1_000_000:06}"
HEAD = "| task | pages | clicks | keys | seconds |\n|---|---|---|---|---|\n"


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


def add_lead(hand: Hand) -> None:
    hand.open("")
    page = hand.page
    hand.click(page.locator("#quick-add summary"))
    hand.click(page.locator("#quick-add a", has_text="Lead"))
    for name, text in {
        "title": f"Roof for {MARK}",
        "amount": "12500",
        "firstname": "Greta",
        "lastname": f"Winter{MARK}",
        "email": f"greta{MARK}@winter.example",
        "phone": f"+49 30 5{MARK}",
        "organization_name": f"Winter Works {MARK}",
    }.items():
        hand.type(page.locator(f"#id_{name}"), text)
    hand.click(page.locator("input[name=_save]"))
    page.wait_for_selector(".messagelist .success")


def log_call(hand: Hand) -> None:
    hand.open(first_open_lead(hand))
    page = hand.page
    hand.choose(page.locator("#note-kind"), "Call")
    hand.type(page.locator("#note-text"), "Wants an offer by Friday.")
    hand.click(page.locator(".note-form button"))
    page.wait_for_selector("#timeline-entries :text('Wants an offer by Friday.')")


def move_stage(hand: Hand) -> None:
    hand.open(first_open_lead(hand))
    hand.click(hand.page.locator(".stage-path button").first)
    hand.page.wait_for_selector(".messagelist .success")


def lose(hand: Hand) -> None:
    hand.open(first_open_lead(hand))
    page = hand.page
    hand.click(page.locator(".record-actions a", has_text="Lost"))
    hand.choose(page.locator("#frame-dialog select[name=lost_reason]"), re.compile("^(?!Choose)"))
    hand.click(page.locator("#frame-dialog button.lost"))
    page.wait_for_selector(".messagelist .success")


def find_by_phone(hand: Hand) -> None:
    hand.open("")
    page = hand.page
    hand.press("/")
    page.keyboard.type(f"0305{MARK}")
    hand.keys += len(MARK) + 4
    page.wait_for_selector("#frame-found a")
    hand.press("Enter")
    page.wait_for_url("**/change/**")


def reassign(hand: Hand) -> None:
    hand.open("leads/lead/?owned=all")
    page = hand.page
    boxes = page.locator("#result_list input.action-select")
    hand.click(boxes.first)
    # The list chooses all rows between two with the Shift key.
    hand.click(boxes.nth(MANY - 1), modifiers=["Shift"])
    hand.choose(page.locator("select[name=action]"), re.compile("^Change selected"))
    hand.click(page.locator(".actions button[type=submit]").first)
    hand.choose(page.locator("select[name=owner]"), "Amira")
    hand.click(page.locator("[type=submit][name=apply], .submit-row [type=submit]").first)
    page.wait_for_load_state()
    if page.locator("form.continues").count():
        page.wait_for_selector("form.continues", state="detached")


def until_chosen(page: Page, select: str) -> None:
    """Wait until a window has put what it made into the form of the page."""
    # Polled from here: the policy of the page forbids what Playwright would evaluate in it.
    for _ in range(200):
        if page.locator(select).input_value():
            return
        page.wait_for_timeout(50)
    raise TimeoutError(select)


def plain_add_lead(hand: Hand) -> None:
    hand.open("")
    page = hand.page
    hand.click(page.locator("tr.model-lead .addlink, a.addlink[href*='leads/lead/add']").first)
    hand.type(page.locator("#id_title"), f"Roof for {MARK}")
    hand.click(page.locator("#add_id_person"))
    person = page.context.pages[-1] if len(page.context.pages) > 1 else page.wait_for_event("popup")
    hand.pages += 1
    person.wait_for_load_state()
    hand.type(person.locator("#id_firstname"), "Greta")
    hand.type(person.locator("#id_lastname"), f"Winter{MARK}")
    hand.click(person.locator("#contacts-group .add-row a").first)
    hand.choose(person.locator("#id_contacts-0-type"), re.compile("Phone|Mobile|Cell"))
    hand.type(person.locator("#id_contacts-0-value"), f"+49 30 5{MARK}")
    hand.click(person.locator("input[name=_save]"))
    until_chosen(page, "#id_person")
    hand.click(page.locator("#add_id_organization"))
    page.wait_for_timeout(500)
    organization = page.context.pages[-1]
    hand.pages += 1
    organization.wait_for_load_state()
    hand.type(organization.locator("#id_name"), f"Winter Works {MARK}")
    hand.click(organization.locator("input[name=_save]"))
    until_chosen(page, "#id_organization")
    hand.click(page.locator("input[name=_save]"))
    page.wait_for_selector(".messagelist .success")


def plain_log_call(hand: Hand) -> None:
    """There is no call: it is a note."""
    hand.open(first_open_lead(hand))
    page = hand.page
    hand.type(
        page.locator("#note-text, .note-form textarea, #timeline textarea").first, "Call: wants an offer."
    )
    hand.click(page.locator(".note-form [type=submit], #timeline form [type=submit]").first)
    page.wait_for_selector(".messagelist .success")


def plain_move_stage(hand: Hand) -> None:
    hand.open(first_open_lead(hand))
    page = hand.page
    hand.click(page.locator(".field-stage .select2-selection"))
    options = page.locator(".select2-results__option:not(.loading-results):not([aria-selected=true])")
    hand.click(options.nth(1))
    hand.click(page.locator("input[name=_continue]"))
    page.wait_for_selector(".messagelist .success")


def plain_lose(hand: Hand) -> None:
    hand.open(first_open_lead(hand))
    page = hand.page
    hand.choose(page.locator("#id_status"), "Lost")
    hand.type(page.locator("#id_reason_lost"), "Too dear")
    hand.click(page.locator("input[name=_save]"))
    page.wait_for_selector(".messagelist .success")


def plain_find_by_phone(hand: Hand) -> None:
    hand.open("")
    page = hand.page
    hand.click(page.locator("#content-main a[href$='/people/person/']").first)
    # The national spelling finds nobody there.
    hand.type(page.locator("#searchbar"), f"+49 30 5{MARK}")
    hand.press("Enter")
    page.wait_for_url("**q=**")
    hand.click(page.locator("#result_list tbody th a").first)
    page.wait_for_url("**/change/**")


def plain_reassign(hand: Hand) -> None:
    """There is no action for it: each lead is opened and saved."""
    hand.open("leads/lead/")
    page = hand.page
    for place in range(MANY):
        hand.click(page.locator("#result_list tbody th a").nth(place))
        hand.choose(page.locator("#id_owner"), "Amira")
        hand.click(page.locator("input[name=_save]"))
        page.wait_for_selector("#result_list")


TASKS: Mapping[str, tuple[Callable[[Hand], None], Callable[[Hand], None]]] = {
    "new lead with new person and company": (add_lead, plain_add_lead),
    "log a call": (log_call, plain_log_call),
    "move a stage": (move_stage, plain_move_stage),
    "lose with a reason": (lose, plain_lose),
    "find by phone": (find_by_phone, plain_find_by_phone),
    f"reassign {MANY} leads": (reassign, plain_reassign),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day_one", description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--plain", action="store_true", help="the server has Django's plain admin")
    parser.add_argument("--only", default="", help="a part of the names of the tasks to do")
    arguments = parser.parse_args()
    sys.stdout.write(HEAD)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        page = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]  # a TypedDict
        page.goto(f"{arguments.address}/admin/login/")
        page.fill("[name=username], [name=login]", "demo")
        page.fill("[name=password]", "demo")
        page.keyboard.press("Enter")
        page.wait_for_url("**/admin/")
        hand = Hand(page, arguments.address)
        for task, ways in TASKS.items():
            if arguments.only not in task:
                continue
            ways[arguments.plain](hand)
            sys.stdout.write(hand.row(task))
            sys.stdout.flush()


def _chromium() -> str:
    import shutil

    found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if found is None:
        sys.exit("Chromium is not installed.")
    return found


if __name__ == "__main__":
    main()
