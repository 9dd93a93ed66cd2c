"""The tasks of a sales person's first day, by script in Chromium: the steps of hands, and the time.

``python -m benchmarks.admin_day`` makes the demo company in a SQLite file and serves it. With ``--before``,
the folder of an older checkout with its own ``.venv``, the same tasks are done in the plain admin that it
had, in turn, so that a busy machine slows both alike.

A step is a click, a text that is typed, a choice, or a key; pages are those that were loaded. A script needs
no time to read and to think: the seconds are what the program lets people wait.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from benchmarks import admin_day_before
from benchmarks.admin_hands import Hands
from benchmarks.admin_served import ROOT, launch

PHONE = "0044 20 7946 0123"
MEMBER = "Amira Haddad"
MANY = 20


def new_lead(hands: Hands, number: int) -> None:
    """Write down a lead with a new person and a new organization."""
    page = hands.page
    hands.click(page.locator("#quick-add summary"))
    hands.click(page.locator("#quick-add").get_by_role("link", name="Lead"))
    hands.type(page.get_by_label("Title"), f"Fleet of vans {number}")
    hands.type(page.get_by_label("First name"), "Olga")
    hands.type(page.get_by_label("Last name"), f"Brandt {number}")
    hands.type(page.get_by_label("E-mail"), f"olga{number}@example.net")
    hands.type(page.get_by_label("Phone"), f"+44 20 7946 {number:04}")
    hands.type(page.get_by_label("New organization"), f"Brandt Vans {number}")
    hands.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".messagelist .success")).to_be_visible()


def log_call(hands: Hands, _number: int) -> None:
    """Write down a call about a lead that is on the home page."""
    page = hands.page
    hands.click(page.locator(".my-day summary[title='Log a call']").first)
    form = page.locator("details[open] .log-form")
    hands.type(form.get_by_label("What happened?"), "Wants an offer by Friday.")
    hands.click(form.get_by_role("button", name="Log it"))
    expect(page.locator("#frame-messages .success")).to_be_visible()


def move(hands: Hands, _number: int) -> None:
    """Move a lead to the next stage."""
    page = hands.page
    hands.click(page.locator(".frame-nav").get_by_role("link", name="Board"))
    hands.click(page.locator(".card a.move").first)
    hands.click(page.locator(".move-form button[name=stage]:not([disabled])").first)
    expect(page.locator("#frame-messages .success")).to_be_visible()


def lose(hands: Hands, _number: int) -> None:
    """Close a lead as lost, with the reason."""
    page = hands.page
    hands.click(page.locator(".frame-nav").get_by_role("link", name="Board"))
    hands.click(page.locator(".card a.move").first)
    hands.choose(page.get_by_label("Lost because of"), "No budget")
    hands.click(page.get_by_role("button", name="Lost"))
    expect(page.locator("#frame-messages")).to_contain_text("is lost")


def find_by_phone(hands: Hands, _number: int) -> None:
    """Find a person by a number in another spelling than the stored one."""
    page = hands.page
    hands.key("/")
    hands.type(page.locator("#frame-search"), PHONE)
    expect(page.locator("#frame-found [aria-selected=true]")).to_be_visible()
    hands.key("Enter")
    expect(page.locator("h1")).to_contain_text("Phoebe Call")


def reassign(hands: Hands, _number: int) -> None:
    """Give leads to a colleague."""
    page = hands.page
    hands.click(page.locator(".frame-nav").get_by_role("link", name="Leads"))
    rows = page.locator("#result_list .action-select")
    hands.click(rows.first)
    hands.click(rows.nth(MANY - 1), shift=True)
    hands.choose(page.get_by_label("Action"), "Change")
    hands.click(page.get_by_role("button", name="Go"))
    hands.choose(page.get_by_label("Owner"), MEMBER)
    hands.click(page.get_by_role("button", name=f"Change {MANY}"))
    expect(page.locator(".messagelist")).to_contain_text(str(MANY))


Task = Callable[[Hands, int], None]
TASKS: Mapping[str, tuple[Task, Task]] = {
    "a new lead with a new person and organization": (new_lead, admin_day_before.new_lead),
    "log a call": (log_call, admin_day_before.log_call),
    "move a lead to the next stage": (move, admin_day_before.move),
    "lose a lead, with the reason": (lose, admin_day_before.lose),
    "find a person by phone": (find_by_phone, admin_day_before.find_by_phone),
    f"give {MANY} leads to a colleague": (reassign, admin_day_before.reassign),
}
#: Makes the person who is found by phone.
CALLER = """
import django
django.setup()
from crm.actors import Door
from crm.authentication import actor_for
from crm.models import ContactType, User
from people.services.people import create_person
demo = User.objects.get(username="demo")
actor = actor_for(demo, demo.memberships.get().company, door=Door.COMMAND)
phone = ContactType.objects.filter(kind="PHONE").earliest("pk")
contacts = [{"contacts_types_id": phone.pk, "value": "+44 20 7946 0123"}]
create_person({"firstname": "Phoebe", "lastname": "Call", "contacts": contacts}, actor=actor)
"""


@contextmanager
def demo(checkout: Path) -> Iterator[str]:
    """Serve the demo company of a checkout; yield the address of its admin."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log:
        python = checkout / ".venv" / "bin" / "python"
        env = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "DJANGO_DEBUG": "true",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "FILES_ROOT": folder,
            "REDIS_URL": "",
        }
        for command in (["manage.py", "quickstart", "--no-serve"], ["-c", CALLER]):
            subprocess.run([python, *command], cwd=checkout, env=env, check=True, stdout=log, stderr=log)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [python, "manage.py", "serve", "--port", str(port)]
        process = subprocess.Popen(command, cwd=checkout, env=env, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}/admin/"
        finally:
            process.terminate()
            process.wait()


def sign_in(browser: Browser, address: str) -> Page:
    """Return a page of the home of the demo's member."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    for _ in range(600):
        try:
            page.goto(address)
            break
        except Error:
            # The server is starting.
            time.sleep(0.2)
    page.fill("#id_username", "demo")
    page.fill("#id_password", "demo")
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin_day", description=__doc__)
    parser.add_argument("--before", type=Path, help="an older checkout with its own .venv")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    checkouts = [ROOT, *([arguments.before] if arguments.before else [])]
    sys.stdout.write("| task | admin | steps | pages | seconds, median |\n|---|---|---|---|---|\n")
    with ExitStack() as stack, sync_playwright() as playwright:
        sites = [stack.enter_context(demo(checkout)) for checkout in checkouts]
        browser = launch(playwright)
        pages = [sign_in(browser, site) for site in sites]
        for title, tasks in TASKS.items():
            done: list[list[Hands]] = [[] for _ in sites]
            for number in range(arguments.rounds):
                for place, (site, page) in enumerate(zip(sites, pages, strict=True)):
                    page.goto(site)
                    hands = Hands(page)
                    tasks[place](hands, number)
                    hands.finish()
                    done[place].append(hands)
            for name, found in zip(("now", "before"), done, strict=False):
                seconds = statistics.median(each.seconds for each in found)
                last = found[-1]
                sys.stdout.write(f"| {title} | {name} | {last.steps} | {last.pages} | {seconds:.1f} |\n")
                sys.stdout.flush()
        browser.close()


if __name__ == "__main__":
    main()
