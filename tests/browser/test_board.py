"""The board and the frame in Chromium, on a real server: two browsers, keys alone, refusals, a restart."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, StorageState, TimeoutError, expect

from tests.config.processes import DEVELOPMENT, ROOT, environment
from tests.e2e.servers import Api, Lines, free_port, running
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.browser

#: Makes a company with two members and some leads; prints the id of each lead by title, and a token.
MAKING = """
import django
django.setup()
from crm.actors import Role
from crm.authentication import actor_for
from crm.actors import Door
from crm.services.companies import find_or_create_user, save_user
from crm.services.members import add_member
from crm.services.tokens import create_token
from leads.services.company_setup import set_up_company
from leads.services.leads import create_lead
ann, _ = find_or_create_user("ann")
bob, _ = find_or_create_user("bob")
company = set_up_company("Acme", admin=ann)
add_member(company, bob, Role.AGENT)
for user in (ann, bob):
    user.set_password("secret-of-members")
    user.is_staff = True
    save_user(user)
actor = actor_for(ann, company, door=Door.COMMAND)
for title in ("Dragged", "Keyed", "Stale", "Noted", "Missed"):
    values = {"title": title, "amount": 100, "currency": "EUR", "leads_owner_id": ann.pk}
    print("LEAD", title, create_lead(values, actor=actor).pk)
print("TOKEN", create_token(ann, company, name="test")[1])
"""


@dataclass
class Place:
    """A served company, a browser, and what pages complained about."""

    browser: Browser
    env: dict[str, str]
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

    def page(self, member: str, *, width: int = 1280, live: bool = True) -> Page:
        """Open a page as a member."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 844}, storage_state=self.states.get(member)
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
        command = (sys.executable, "manage.py", "serve", "--port", str(self.port))
        lines = stack.enter_context(running(*command, env=self.env))
        self.api.wait_until_up(lines)
        return lines


@pytest.fixture(scope="module")
def server() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def place(
    server: ExitStack, chromium: Browser, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    folder = tmp_path_factory.mktemp("board")
    shutil.copy(migrated_file, folder / "db.sqlite3")
    env = environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3")
    made = subprocess.run(
        [sys.executable, "-c", MAKING],
        cwd=ROOT,
        env={**env, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    ).stdout
    leads = dict(re.findall(r"LEAD (\w+) (\d+)", made))
    token = re.findall(r"TOKEN (\S+)", made)[0]
    place = Place(chromium, env, free_port(), leads, token)
    place.serve(server)
    return place


def drag(page: Page, card: Locator, target: Locator) -> None:
    """Drag with the mouse as a person does: some steps on the way, and again if the card was not taken."""
    for _ in range(PATIENCE_SECONDS):
        start, end = card.bounding_box(), target.bounding_box()
        assert start is not None
        assert end is not None
        page.mouse.move(start["x"] + 30, start["y"] + start["height"] - 8)
        page.mouse.down()
        page.mouse.move(start["x"] + 60, start["y"] + 40, steps=4)
        page.mouse.move(end["x"] + 60, end["y"] + 30, steps=8)
        try:
            target.locator(".ghost").wait_for(timeout=1_000)
        except TimeoutError:
            # A busy browser may have moved what is below the mouse, such as by a message above the board.
            page.mouse.move(5, 5)
            page.mouse.up()
        else:
            page.mouse.up()
            return
    raise AssertionError("The card was never taken.")


def column(page: Page, number: int) -> Locator:
    return page.locator(".column .cards").nth(number)


def test_each_of_two_browsers_sees_the_moves_of_the_other_also_after_a_restart(
    place: Place, server: ExitStack
) -> None:
    ann, bob = place.board("ann"), place.board("bob")

    drag(ann, place.card(ann, "Dragged", "New"), column(ann, 1))

    seen = place.card(bob, "Dragged", "Contacted")
    expect(seen).to_have_class(re.compile("changed"))
    expect(bob.locator(".column .count").nth(1)).to_have_text("1")
    expect(bob.locator(".column .sums").nth(1)).to_have_text("100 EUR")
    expect(ann.locator("#frame-messages")).to_contain_text("“Dragged” is in Contacted.")
    bob.locator(f"#lead-{place.leads['Dragged']} a.move").click()
    bob.get_by_role("button", name="Proposal").click()
    place.card(ann, "Dragged", "Proposal")
    ann.get_by_role("button", name="Undo").click()
    # Bob moved it since, so that there is nothing to undo any more.
    expect(ann.locator("#frame-messages .error")).to_contain_text("bob changed “Dragged” meanwhile")
    complaints = [text for text in place.complaints if "409" not in text]

    server.close()
    ann.wait_for_selector("#live[data-state=lost]")
    place.serve(server)
    moved = f"updateLead(id: {place.leads['Missed']}, input: {{ pipeline_stage_id: 3 }}) {{ id }}"
    place.api.data(f"mutation {{ {moved} }}")
    for page in (ann, bob):
        place.card(page, "Missed", "Proposal")
        page.wait_for_selector("#live[data-state=live]")
        page.context.close()
    # While the server was away, the browsers say that it does not answer.
    place.complaints.clear()
    assert complaints == []


def test_a_move_and_a_loss_by_the_keyboard_alone(place: Place) -> None:
    page = place.board("ann")
    key = page.keyboard
    place.card(page, "Keyed", "New")

    page.locator(f"#lead-{place.leads['Keyed']} a.move").focus()
    key.press("Enter")
    expect(page.get_by_role("button", name="Contacted")).to_be_focused()
    key.press("Tab")
    key.press("Enter")
    place.card(page, "Keyed", "Proposal")
    expect(page.locator(f"#lead-{place.leads['Keyed']} a.move")).to_be_focused()
    key.press("Enter")
    expect(page.get_by_role("button", name="New", exact=True)).to_be_focused()
    for _ in range(4):
        key.press("Tab")
    key.type("No budget")
    key.press("Tab")
    key.press("Tab")
    expect(page.get_by_role("button", name="Lost")).to_be_focused()
    key.press("Enter")
    expect(page.locator("#frame-messages")).to_contain_text("“Keyed” is lost.")
    expect(page.locator(f"#lead-{place.leads['Keyed']}")).to_have_count(0)
    lost = place.api.data(
        f"{{ lead(id: {place.leads['Keyed']}) {{ status {{ name }} lost_reason {{ name }} }} }}"
    )
    assert lost["lead"] == {"status": {"name": "Lost"}, "lost_reason": {"name": "No budget"}}

    key.press("/")
    expect(page.locator("#frame-search")).to_be_focused()
    key.type("note")
    expect(page.locator("#frame-found [aria-selected=true]")).to_contain_text("Noted")
    key.press("Enter")
    page.wait_for_selector("h1:has-text('Noted')")
    page.context.close()
    assert place.complaints == []


def test_a_refused_move_goes_back_with_a_message(place: Place) -> None:
    page = place.board("bob", live=False)
    moved = f"updateLead(id: {place.leads['Stale']}, input: {{ pipeline_stage_id: 4 }}) {{ id }}"
    place.api.data(f"mutation {{ {moved} }}")

    drag(page, place.card(page, "Stale", "New"), column(page, 1))

    expect(page.locator("#frame-messages .error")).to_contain_text("ann changed “Stale” meanwhile")
    place.card(page, "Stale", "Negotiation")
    page.context.close()
    # The browser itself reports answers that refuse, and the socket that this page may not have.
    others = [text for text in place.complaints if not re.search("40[49]|WebSocket", text)]
    place.complaints.clear()
    assert others == []


def test_pages_keep_to_the_policy_and_to_a_narrow_screen_and_lose_no_text(place: Place) -> None:
    page = place.page("ann", width=390)
    lead = f"{place.address}/leads/lead/{place.leads['Noted']}"
    for address in (
        f"{place.address}/",
        f"{place.address}/leads/lead/board/",
        f"{place.address}/search/?q=note",
        f"{place.address}/set-up/",
        f"{place.address}/new/task/?q=note",
        f"{lead}/move/?outcome=lost",
        f"{lead}/change/",
    ):
        page.goto(address)
        width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(width), address

    page.fill("#id_description", "Typed before the note")
    page.fill("#note-text", "They called back")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_selector(".timeline >> text=They called back")
    assert page.input_value("#id_description") == "Typed before the note"
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.click(".frame-nav >> text=Board")
    expect(page.locator("h1")).to_have_text("Noted")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_selector(".messagelist .success")
    assert page.input_value("#id_description") == "Typed before the note"
    page.context.close()
    assert place.complaints == []
