"""Sales staff at work in the admin, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from crm.actors import Role
from crm.services.members import add_member
from leads.models import Lead
from people.services.people import create_person
from tests.factories.crm import tenant as make_tenant
from tests.factories.leads import LeadFactory
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def work(live_server):
    """A company with a lead and a person, an agent with a password, and a second company of the agent."""
    home, other = make_tenant("Home"), make_tenant("Elsewhere")
    agent = home.users["agent"]
    agent.is_staff = True
    agent.set_password("agent-password")
    agent.save()
    add_member(other.company, agent, Role.VIEWER)
    LeadFactory(company=other.company, title="Lead elsewhere")
    create_person(
        {"firstname": "Jane", "lastname": "Doe", "email": "jane@example.com"}, actor=home.actors.agent
    )
    # A value that no definition knows: of others the form does not show how they are stored.
    return LeadFactory(company=home.company, title="Enterprise deal", custom_fields={"budget": "40000"})


@pytest.fixture
def page(chromium: Browser, work: Lead, live_server) -> Iterator[Page]:
    """The admin's index after signing in; no page may have had an error in its console."""
    opened = chromium.new_page()
    complaints: list[str] = []
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.set_default_timeout(PATIENCE_SECONDS * 1_000)
    opened.goto(f"{live_server.url}/admin/")
    opened.fill("#id_username", "agent@home")
    opened.fill("#id_password", "agent-password")
    opened.click("[type=submit]")
    yield opened
    opened.close()
    assert complaints == []


def choose(page: Page, field: str, term: str, wanted: str) -> None:
    """Choose a row in an autocomplete field, as a person does."""
    page.click(f".field-{field} .select2-selection")
    page.keyboard.type(term)
    page.click(f".select2-results__option:has-text('{wanted}')")


def test_lead_is_found_moved_and_saved(page, work):
    page.click(".frame-nav >> text=Leads")
    page.fill("#searchbar", "enterprise")
    page.click("#changelist-search [type=submit]")
    page.click("#result_list >> text=Enterprise deal")
    choose(page, "stage", "neg", "Default pipeline: Negotiation")
    choose(page, "person", "doe", "Jane Doe")
    choose(page, "team", "colleague", "colleague@home")
    assert page.inner_text(".field-custom_fields .readonly") == "budget: 40000"
    page.click("[name=_continue]")
    page.wait_for_selector(".messagelist .success")

    assert page.inner_text(".field-custom_fields .readonly") == "budget: 40000"
    assert page.inner_text(".field-stage .select2-selection").endswith("Default pipeline: Negotiation")
    assert "colleague@home" in page.inner_text(".field-team .select2-selection")
    assert page.input_value("[name=version]") == "2"


def test_contact_is_added_to_a_person(page, live_server):
    page.goto(f"{live_server.url}/admin/people/person/")
    page.click("#result_list >> text=Jane Doe")
    page.fill("#id_phone", "212 555 0100")
    page.click("text=Add another e-mail or phone")
    page.select_option("#id_contacts-0-type", label="Mobile")
    page.fill("#id_contacts-0-value", "212 555 0111")
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")

    assert "212 555 0100" in page.inner_text("#result_list")


def test_broken_form_shows_its_errors(page, work, live_server):
    page.goto(f"{live_server.url}/admin/leads/lead/{work.pk}/change/")
    page.fill("#id_title", "New")
    page.fill("#id_email", "nobody@")
    page.evaluate("document.querySelector('#lead_form').noValidate = true")
    page.click("[name=_save]")

    assert "valid email address" in page.inner_text(".field-email .errorlist >> nth=0")
    assert page.input_value("#id_title") == "New"
    assert page.evaluate("document.activeElement.id") == "id_email"


def test_a_wrong_amount_is_shown_where_it_was_typed(page, live_server):
    page.goto(f"{live_server.url}/admin/leads/lead/add/")
    assert page.evaluate("document.activeElement.id") == "id_title"
    page.fill("#id_title", "Offer")
    page.fill("#id_amount", "12k")
    page.click("#content summary:has-text('More')")
    page.fill("#id_description", "A long story")

    page.click("[name=_save]")

    assert page.input_value("#id_amount") == "12k"
    assert "“12k” is not clear as an amount" in page.inner_text(".field-amount .errorlist >> nth=0")
    assert page.evaluate("document.activeElement.id") == "id_amount"
    assert page.is_visible("#id_description")
    page.fill("#id_amount", "12.000,50")
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")
    assert str(Lead.objects.get(title="Offer").amount) == "12000.50"


def test_company_is_switched(page, live_server):
    page.click("#own-menu summary")
    page.select_option("#current-company", label="Elsewhere")
    page.click("#company-switch button")
    page.goto(f"{live_server.url}/admin/leads/lead/")

    assert "Lead elsewhere" in page.inner_text("#result_list")
    assert "Enterprise deal" not in page.inner_text("#content")


def test_leads_are_assigned_together_and_given_back(page, work):
    for number in range(2):
        LeadFactory(company=work.company, title=f"Further {number}")
    colleague = work.company.memberships.get(user__username="colleague@home").user
    page.goto(page.url.split("/admin/")[0] + "/admin/leads/lead/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.select_option("select[name=action]", "change_selected")
    page.click("button[name=index]")
    page.select_option("#id_owner", str(colleague.pk))
    page.click("input[name=apply]")

    page.wait_for_selector(f"text=3 leads belong to {colleague} now.")
    assert Lead.objects.filter(company=work.company, owner=colleague).count() == 3
    page.click(".messagelist button:has-text('Undo')")

    page.wait_for_selector("text=3 leads are as they were before.")
    assert Lead.objects.filter(company=work.company, owner=None).count() == 3
