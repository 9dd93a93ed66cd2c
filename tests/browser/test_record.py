"""The page of a record in Chromium: no typed text is lost, all works by keyboard and touch."""

import re

import pytest
from playwright.sync_api import Dialog, FilePayload, Page, expect

from tests.browser.place import Place, tab_to
from tests.file_samples import PDF, png
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.browser


def open_lead(place: Place, page: Page, title: str) -> None:
    page.goto(f"{place.address}/leads/lead/{place.leads[title]}/change/")


def read(place: Place, key: str, fields: str) -> dict[str, object]:
    lead: dict[str, object] = place.api.data(f"{{ lead(id: {key}) {{ {fields} }} }}")["lead"]
    return lead


def test_what_is_typed_stays_while_other_things_are_saved(place: Place) -> None:
    page = place.page("ann")
    key = page.keyboard
    open_lead(place, page, "Edited")

    page.fill("#id_description", "Typed, not saved")
    page.fill("#note-text", "Half a note")
    # One field of the form, by Enter; another is taken back by Escape.
    page.fill("#id_phone", "+1 212 555 0100")
    key.press("Enter")
    expect(page.locator("#timeline-entries")).to_contain_text("+1 212 555 0100")
    expect(page.locator("#id_phone")).to_be_focused()
    page.fill("#id_email", "no address")
    key.press("Enter")
    expect(page.locator(".field-email .field-refused")).to_contain_text("valid email address")
    key.press("Escape")
    expect(page.locator("#id_email")).to_have_value("")
    # A fact of the head, by keyboard; Escape puts it back.
    page.locator("#fact-amount .edit-fact").focus()
    key.press("Enter")
    expect(page.locator("#alone-amount")).to_be_focused()
    key.press("Escape")
    expect(page.locator("#fact-amount .edit-fact")).to_be_focused()
    key.press("Enter")
    expect(page.locator("#alone-amount")).to_be_focused()
    key.type("250")
    key.press("Enter")
    expect(page.locator("#fact-amount")).to_contain_text("250 EUR")
    expect(page.locator("#fact-amount .edit-fact")).to_be_focused()
    expect(page.locator("#id_amount")).to_have_value("250")
    # Files, of which one is refused.
    files: list[FilePayload] = [
        {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": PDF},
        {"name": "plan.png", "mimeType": "image/png", "buffer": png()},
        {"name": "bad.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"},
    ]
    page.set_input_files("#new-files", files)
    expect(page.locator(".files")).to_contain_text("offer.pdf")
    expect(page.locator("#frame-messages")).to_contain_text("“bad.exe” was not added: This type")
    page.click(".files >> text=offer.pdf")
    expect(page.locator(".file-preview iframe")).to_be_visible()
    page.click(".file-preview [data-closes]")
    expect(page.locator("#frame-dialog")).to_be_hidden()

    assert page.input_value("#id_description") == "Typed, not saved"
    assert page.input_value("#note-text") == "Half a note"
    page.fill("#note-text", "")
    page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_selector(".messagelist .success")
    assert page.locator("#differences").count() == 0
    lead = read(place, place.leads["Edited"], "description phone amount")
    assert lead == {"description": "Typed, not saved", "phone": "+1 212 555 0100", "amount": "250.00"}
    page.context.close()
    assert place.complaints == []


def test_a_note_that_was_not_sent_is_asked_about(place: Place) -> None:
    page = place.page("ann")
    open_lead(place, page, "Edited")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("#note-text").press_sequentially("Half a note")
    page.get_by_role("link", name="People", exact=True).click(no_wait_after=True)

    expect(page.locator("#note-text")).to_have_value("Half a note")
    page.locator("#note-text").fill("")
    assert asked == ["beforeunload"]


def test_of_two_who_edit_a_lead_the_second_sees_both_values(place: Place) -> None:
    ann, bob = place.page("ann"), place.page("bob")
    for page in (ann, bob):
        open_lead(place, page, "Compared")
    ann.fill("#id_title", "Ann's title")
    ann.fill("#id_description", "Ann's words")
    bob.fill("#id_title", "Bob's title")
    bob.fill("#id_phone", "+1 212 555 0199")
    bob.get_by_role("button", name="Save and continue editing").click()
    bob.wait_for_selector(".messagelist .success")

    # Alone, the field says so in its place.
    ann.focus("#id_title")
    ann.keyboard.press("Enter")
    expect(ann.locator(".field-title .meanwhile")).to_contain_text("changed by bob")
    expect(ann.locator("#id_title")).to_have_value("Ann's title")
    ann.get_by_role("button", name="Save and continue editing").click()

    chosen = ann.get_by_role("group", name="Title")
    expect(chosen).to_contain_text("Theirs (changed by bob at")
    expect(chosen).to_contain_text("Before")
    expect(ann.get_by_role("group", name="Phone")).to_contain_text("+1 212 555 0199")
    expect(ann.locator("#id_description")).to_have_value("Ann's words")
    ann.focus("[name=keep-title][value=mine]")
    ann.keyboard.press("Space")
    ann.get_by_role("button", name="Save and continue editing").click()
    ann.wait_for_selector(".messagelist .success")

    lead = read(place, place.leads["Compared"], "title description phone")
    assert lead == {"title": "Ann's title", "description": "Ann's words", "phone": "+1 212 555 0199"}
    for page in (ann, bob):
        page.context.close()
    assert place.complaints == []


def test_a_whole_lead_by_the_keyboard_alone(place: Place) -> None:
    page = place.page("ann")
    key = page.keyboard
    page.goto(f"{place.address}/leads/lead/add/")

    for field, text in {
        "title": "By keys",
        "firstname": "Ada",
        "email": "ada@example.com",
        "amount": "900",
    }.items():
        tab_to(page, f"#id_{field}")
        key.type(text)
    tab_to(page, "[name=_continue]")
    key.press("Enter")
    page.wait_for_selector("#record-head")
    number = re.findall(r"lead/(\d+)/change", page.url)[0]
    tab_to(page, "button[aria-label='Move to Contacted']")
    key.press("Enter")
    expect(page.locator(".stage-path [aria-current=step]")).to_contain_text("Contacted")
    tab_to(page, "#note-text")
    key.type("They called")
    tab_to(page, ".note-form button")
    key.press("Enter")
    expect(page.locator("#timeline-entries")).to_contain_text("They called")
    tab_to(page, ".record-actions a[href*='outcome=lost']", back=True)
    key.press("Enter")
    expect(page.locator("#frame-dialog [name=lost_reason]")).to_be_focused()
    key.type("No budget")
    tab_to(page, "#frame-dialog .lost-form button")
    key.press("Enter")
    expect(page.locator(".record-actions strong")).to_have_text("Lost: No budget")

    lead = read(place, number, "title amount status { name } lost_reason { name } people { name }")
    assert lead["title"] == "By keys"
    assert lead["status"] == {"name": "Lost"}
    assert lead["lost_reason"] == {"name": "No budget"}
    assert lead["people"] == {"name": "Ada"}
    page.context.close()
    assert place.complaints == []


def test_many_leads_are_changed_by_the_keyboard_alone(place: Place) -> None:
    page = place.page("ann")
    key = page.keyboard
    page.goto(f"{place.address}/leads/lead/?q=Noted")

    tab_to(page, ".action-select")
    key.press("Space")
    tab_to(page, "select[name=action]", back=True)
    key.type("Change")
    tab_to(page, "button[name=index]")
    key.press("Enter")
    page.wait_for_selector(".change-many")
    tab_to(page, ".change-many [name=owner]")
    key.type("bob")
    tab_to(page, ".change-many [name=apply]")
    key.press("Enter")
    page.wait_for_selector(".messagelist")
    assert read(place, place.leads["Noted"], "owner { displayname }") == {"owner": {"displayname": "bob"}}
    page.context.close()
    assert place.complaints == []


def test_a_card_is_dragged_by_a_finger_on_a_phone(place: Place) -> None:
    page = place.page("ann", width=390, touch=True)
    page.goto(f"{place.address}/leads/lead/board/")
    page.wait_for_selector("#live[data-state=live]")
    card = place.card(page, "Touched", "New")
    card.scroll_into_view_if_needed()
    target = page.locator(".column .cards").nth(1)
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, x: float = 0, y: float = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    box = card.bounding_box()
    assert box is not None
    x, y = box["x"] + 40, box["y"] + box["height"] - 8
    touch("touchStart", x, y)
    page.wait_for_selector(".sortable-chosen")
    touch("touchMove", x + 20, y)
    # Near the edge the board scrolls to the columns that are not in sight.
    for step in range(PATIENCE_SECONDS * 10):
        box = target.bounding_box()
        assert box is not None
        if box["x"] < 250:
            break
        touch("touchMove", 380 - step % 3, y)
        page.wait_for_timeout(20)
    for step in range(6):
        box = target.bounding_box()
        assert box is not None
        touch("touchMove", max(box["x"], 0) + 60 + step, box["y"] + 25 + step)
        page.wait_for_timeout(30)
    target.locator(".ghost").wait_for()
    touch("touchEnd")

    place.card(page, "Touched", "Contacted")
    expect(page.locator("#frame-messages")).to_contain_text("“Touched” is in Contacted.")
    page.context.close()
    assert place.complaints == []
