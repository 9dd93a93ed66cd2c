"""The same tasks in Django's plain admin, as they were before: for ``admin_day --before``."""

from playwright.sync_api import Locator, Page, expect

from benchmarks.admin_hands import Hands

MANY = 20
MEMBER = "Amira Haddad"


def _list(hands: Hands, name: str) -> None:
    hands.click(hands.page.locator("#content").get_by_role("link", name=name, exact=True).first)


def _open_lead(hands: Hands) -> None:
    """Open a lead that is open; the filter is a click as well."""
    _list(hands, "Leads")
    hands.click(hands.page.locator("#changelist-filter").get_by_role("link", name="Open", exact=True).first)
    hands.click(hands.page.locator("#result_list tbody th a").first)


def _saved(page: Page) -> None:
    expect(page.locator(".messagelist .success")).to_be_visible()


def _autocomplete(hands: Hands, field: str, term: str) -> None:
    page = hands.page
    hands.click(page.locator(f".field-{field} .select2-selection").first)
    hands.type(page.locator(".select2-container--open .select2-search__field"), term)
    hands.click(page.locator(".select2-results__option--highlighted, .select2-results__option").first)


def _popup(hands: Hands, page: Page, link: Locator) -> Page:
    with page.expect_popup() as opened:
        hands.click(link)
    return opened.value


def new_lead(hands: Hands, number: int) -> None:
    page = hands.page
    hands.click(page.locator("#content tr.model-lead a.addlink"))
    hands.type(page.locator("#id_title"), f"Fleet of vans {number}")
    person = _popup(hands, page, page.locator("#add_id_person"))
    hands.type(person.locator("#id_firstname"), "Olga")
    hands.type(person.locator("#id_lastname"), f"Brandt {number}")
    hands.type(person.locator("#id_email"), f"olga{number}@example.net")
    hands.click(person.get_by_text("Add another Contact"))
    hands.choose(person.locator("#id_contacts-0-type"), "Phone")
    hands.type(person.locator("#id_contacts-0-value"), f"+44 20 7946 {number:04}")
    organization = _popup(hands, person, person.locator("#add_id_organizations"))
    hands.type(organization.locator("#id_name"), f"Brandt Vans {number}")
    with organization.expect_event("close"):
        hands.click(organization.locator("[name=_save]"))
    with person.expect_event("close"):
        hands.click(person.locator("[name=_save]"))
    _autocomplete(hands, "organization", f"Brandt Vans {number}")
    hands.click(page.locator("[name=_save]"))
    _saved(page)


def log_call(hands: Hands, _number: int) -> None:
    """A note: there are no calls."""
    page = hands.page
    _open_lead(hands)
    hands.type(page.locator("#note-text, #timeline textarea").first, "Call: wants an offer by Friday.")
    hands.click(page.get_by_role("button", name="Add", exact=True))
    _saved(page)


def move(hands: Hands, _number: int) -> None:
    page = hands.page
    _open_lead(hands)
    _autocomplete(hands, "stage", "Proposal")
    hands.click(page.locator("[name=_save]"))
    _saved(page)


def lose(hands: Hands, _number: int) -> None:
    page = hands.page
    _open_lead(hands)
    hands.choose(page.locator("#id_status"), "Lost")
    hands.type(page.locator("#id_reason_lost"), "No budget")
    hands.click(page.locator("[name=_save]"))
    _saved(page)


def find_by_phone(hands: Hands, _number: int) -> None:
    """By the stored spelling: another one finds nobody."""
    page = hands.page
    _list(hands, "People")
    hands.type(page.locator("#searchbar"), "+44 20 7946 0123")
    hands.click(page.locator("#changelist-search [type=submit]"))
    hands.click(page.locator("#result_list tbody th a").first)
    expect(page.locator("#content")).to_contain_text("Phoebe Call")


def reassign(hands: Hands, _number: int) -> None:
    """One after the other: the list deletes, and changes nothing."""
    page = hands.page
    _list(hands, "Leads")
    for place in range(MANY):
        hands.click(page.locator("#result_list tbody th a").nth(place))
        hands.choose(page.locator("#id_owner"), MEMBER)
        hands.click(page.locator("[name=_save]"))
        _saved(page)
