"""The tasks of a sales person's first day, in steps and seconds, in Chromium.

``python -m benchmarks.day_one --address http://127.0.0.1:8020`` signs in to a server with demo data, as
``manage.py quickstart --no-serve`` makes them, and does each task as somebody who knows it would.
``--plain`` does the same tasks in Django's plain admin, as the CRM was at 2632fd0. Printed are the pages and
windows that were opened, clicks, keys and seconds: of the machine alone, since the script does not think.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping

from playwright.sync_api import sync_playwright

from benchmarks.day_one_plain import (
    plain_add_lead,
    plain_find_by_phone,
    plain_log_call,
    plain_lose,
    plain_move_stage,
    plain_reassign,
)
from benchmarks.hand import MANY, MARK, Hand, first_open_lead
from tests.requirements import CHROMIUM_NAMES

WIDE = {"width": 1280, "height": 900}
HEAD = "| task | pages | clicks | keys | seconds |\n|---|---|---|---|---|\n"


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
    hand.click(page.locator("#note-add"))
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
