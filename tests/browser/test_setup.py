"""The set-up in Chromium: stages by mouse and keys, a template that is tried, previews, copying."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.place import Place, make_place
from tests.config.processes import DEVELOPMENT, environment
from tests.forks import warm

pytestmark = pytest.mark.browser
NAMES = ["New", "Contacted", "Proposal", "Negotiation"]


@pytest.fixture(scope="module")
def place(
    chromium: Browser, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("setup")
    shutil.copy(migrated_file, folder / "db.sqlite3")
    env = environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3")
    with warm(env) as forking, ExitStack() as stack:
        place = make_place(chromium, forking)
        place.serve(stack)
        yield place


def names(page: Page) -> list[str]:
    inputs = page.locator(".stages input[name$='-name']")
    return [inputs.nth(number).input_value() for number in range(inputs.count())]


def stage(page: Page, name: str) -> Locator:
    return page.locator(".stages .stage", has=page.get_by_role("button", name=f"Move {name} up"))


def said(page: Page, text: str) -> None:
    expect(page.locator("#frame-messages")).to_contain_text(text)


def test_stages_are_dragged_and_moved_by_keys_and_typed_text_stays(place: Place) -> None:
    page = place.page("ann")
    address = f"{place.address}/pipelines/pipeline/1/stages/"
    page.goto(address)
    assert names(page) == NAMES
    stage(page, "New").locator("input[name$='-name']").fill("Fresh")

    handle, target = stage(page, "Negotiation").locator(".handle"), stage(page, "Contacted")
    handle.hover()
    page.mouse.down()
    box = target.bounding_box()
    assert box is not None
    dragged = ["Fresh", "Negotiation", "Contacted", "Proposal"]
    # Rows make room while one is dragged over them: the drop waits for the place that it is to have.
    for step in range(60):
        page.mouse.move(box["x"] + 20 + step % 3, box["y"] + 6 + step % 2)
        if names(page) == dragged:
            break
    page.mouse.up()
    said(page, "The order of the stages is saved.")
    down = page.get_by_role("button", name="Move Contacted down")
    down.focus()
    page.keyboard.press("Enter")
    # At the end its own arrow is off, and the other one has the focus.
    expect(page.get_by_role("button", name="Move Contacted up")).to_be_focused()
    expect(down).to_be_disabled()
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()

    said(page, "are saved.")
    assert names(page) == ["Fresh", "Negotiation", "Proposal", "Contacted"]


def test_a_stage_is_deleted_in_the_dialog_and_its_leads_move(place: Place) -> None:
    page = place.page("ann")
    page.goto(f"{place.address}/pipelines/pipeline/1/stages/")
    first = page.locator(".stages .stage").first
    [leads] = re.findall(r"\d+", first.locator(".leads").inner_text())
    assert int(leads) > 0

    first.get_by_role("link", name=re.compile("Delete")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").select_option(index=1)
    dialog.get_by_role("button", name="Delete").click()

    said(page, f"is deleted, and its {leads} leads are in the stage that you chose.")
    expect(page.locator(".stages .stage").first.locator(".leads")).to_contain_text(leads)


def test_a_template_is_tried_without_leaving_the_page(place: Place) -> None:
    page = place.page("ann")
    page.goto(f"{place.address}/leads/leadreceiver/1/template/")
    page.locator("[name=rows-0-path]").fill("who")
    page.locator("[name=rows-0-becomes]").select_option("firstname")
    page.locator("[name=rows-1-path]").fill("worth")
    page.locator("[name=rows-1-becomes]").select_option("amount")
    payload = page.get_by_label("Paste JSON or the fields of a form")
    payload.fill(json.dumps({"who": "Jane", "worth": "a lot"}))

    page.get_by_role("button", name="Show what comes of it").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("This delivery would be refused.")
    expect(preview).to_contain_text("amount")
    payload.fill(json.dumps({"who": "Jane", "worth": "250"}))
    page.get_by_role("button", name="Show what comes of it").click()
    expect(preview).to_contain_text("Nothing is stored")
    expect(preview.locator("dd").first).to_have_text("Jane")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()

    said(page, "is saved.")
    expect(page.locator("[name=rows-1-path]")).to_have_value("worth")


def test_a_custom_field_is_shown_while_it_is_typed_and_a_secret_is_copied(place: Place) -> None:
    page = place.page("ann")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{place.address}/crm/customfielddefinition/add/")
    page.locator("[name=name]").fill("size")
    page.locator("[name=kind]").select_option("CHOICE")
    page.locator("[name=choices]").fill("Small\nLarge")
    expect(page.locator("#field-preview option")).to_have_text(["---------", "Small", "Large"])
    # Left as it is: the page would ask for the typed text.
    page.on("dialog", lambda dialog: dialog.accept())

    page.goto(f"{place.address}/leads/leadreceiver/1/change/")
    address = page.locator("code[data-copy]").first
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == address.text_content()
    assert place.complaints == []
