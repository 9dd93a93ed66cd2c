"""The tasks of the first day in Django's plain admin, as the product began."""

import re

from playwright.sync_api import Page

from benchmarks.hand import MANY, MARK, Hand, first_open_lead


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
