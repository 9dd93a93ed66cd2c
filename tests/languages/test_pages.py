"""The pages of the admin are in the language of who reads them; everything else is in English."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from crm.admin.frame.navigation import entries
from crm.models import CustomFieldDefinition, EntityKind, Membership, Tag, WebhookEndpoint
from crm.services.own_settings import update_own
from leads.admin.reports.kinds import REPORTS
from leads.models import (
    Lead,
    LeadLostReason,
    LeadReceiver,
    LeadRotation,
    LeadSource,
    LeadStatus,
    LeadType,
)
from leads.services.leads import create_lead
from people.models import ContactType, Organization, PeopleRelationship, Person
from people.services.people import create_person
from pipelines.models import Pipeline, Stage
from tests.admin.conftest import errors_of, form_of
from tests.admin.rows import page, rows_of
from tests.factories.crm import TagFactory
from tests.languages.catalogs import LANGUAGES, messages_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SEARCH = reverse("admin:search")
SETTINGS = reverse("notification_settings")


def speak(tenant, member, language):
    update_own({"language": language}, actor=getattr(tenant.actors, member))


def title_of(client, **headers):
    return str(client.get(SEARCH, headers=headers).headers["Content-Language"])


def test_a_page_is_in_the_language_of_the_member_the_browser_or_the_company(signed_in, tenant, unrendered):
    client = signed_in("admin")
    company = tenant.company
    company.language = "es-MX"
    company.save()

    of_company = title_of(client)
    of_browser = title_of(client, **{"Accept-Language": "fr, de-AT;q=0.9, en;q=0.5"})
    of_unknown = title_of(client, **{"Accept-Language": "fr"})
    speak(tenant, "admin", "es")
    of_member = title_of(client, **{"Accept-Language": "de"})

    assert (of_company, of_browser, of_unknown, of_member) == ("es", "de", "es", "es")
    assert "Accept-Language" in client.get(SEARCH)["Vary"]


def test_a_member_chooses_the_language_on_their_page(signed_in, tenant):
    client = signed_in("viewer")
    form = client.get(SETTINGS).context_data["form"]
    values = {name: value for name, value in form.initial.items() if value is not None}

    answer = client.post(SETTINGS, {**values, "language": "de"}, follow=True)
    refused = client.post(SETTINGS, {**values, "language": "fr"})

    assert [str(message) for message in answer.context["messages"]] == [
        "Ihre Einstellungen wurden gespeichert."
    ]
    assert "Zeitzone" in answer.content.decode()
    assert "language" in refused.context_data["form"].errors
    tenant.users["viewer"].refresh_from_db()
    assert tenant.users["viewer"].language == "de"


def test_the_page_of_sign_in_is_in_the_language_of_the_browser(db):
    shown = (
        Client().get(reverse("admin:login"), headers={"Accept-Language": "es-ES,es;q=0.9"}).content.decode()
    )

    assert 'lang="es"' in shown
    assert "¿Ha olvidado su contraseña?" in shown


def test_the_api_speaks_english_to_everybody(signed_in, tenant):
    speak(tenant, "agent", "de")
    client = signed_in("agent")
    query = 'mutation { createLead(input: {title: "A", amount: -1}) { id } }'

    answer = client.post(
        "/graphql", {"query": query}, content_type="application/json", headers={"Accept-Language": "de"}
    )
    unknown = client.get("/healthz", headers={"Accept-Language": "de"})

    assert "An amount cannot be negative." in answer.content.decode()
    assert "Content-Language" not in {**answer.headers, **unknown.headers}


def test_a_refusal_of_a_service_is_shown_in_the_language_of_the_page(signed_in, tenant, unrendered):
    speak(tenant, "agent", "de")
    client = signed_in("agent")
    address = reverse("admin:leads_lead_add")

    refused = client.post(address, form_of(client, address, title="A", amount="-1", keep_person=""))
    unreadable = client.post(address, form_of(client, address, title="A", amount="1e3", keep_person=""))

    assert errors_of(refused) == {"amount": ["Ein Betrag kann nicht negativ sein."]}
    assert errors_of(unreadable) == {
        "amount": ["„1e3“ ist kein eindeutiger Betrag. Schreiben Sie ihn aus, etwa 12.000,50."]
    }


def test_names_of_models_and_choices_are_translated(signed_in, tenant, unrendered):
    speak(tenant, "manager", "de")
    client = signed_in("manager")

    shown = client.get(reverse("admin:crm_customfielddefinition_add")).context_data

    form = shown["adminform"].form
    with translation.override("de"):
        assert str(form.fields["kind"].label) == "Art"
        assert ("NUMBER", "Zahl") in [(value, str(label)) for value, label in form.fields["kind"].choices]
    # Lazy texts are those of a page only while it is made.
    assert CustomFieldDefinition._meta.verbose_name == "custom field definition"


class Shown(HTMLParser):
    """Collects what a page shows: its texts, and the attributes that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_hidden = False

    def handle_starttag(self, tag, attrs):
        self._is_hidden = tag in ("script", "style")
        self.texts += [
            value for name, value in attrs if name in ("aria-label", "title", "placeholder") and value
        ]

    def handle_endtag(self, tag):
        self._is_hidden = False

    def handle_data(self, data):
        if not self._is_hidden:
            self.texts.append(data)


def texts_of(response):
    shown = Shown()
    shown.feed(response.content.decode())
    return {" ".join(text.split()).strip(": ") for text in shown.texts}


def data_of(tenant):
    """Return the names that the company itself has given, in any language."""
    named = (
        ContactType,
        LeadLostReason,
        LeadReceiver,
        LeadSource,
        LeadStatus,
        LeadType,
        PeopleRelationship,
        Pipeline,
        Stage,
        Tag,
    )
    return {name for model in named for name in model._base_manager.values_list("name", flat=True)}


def capitalized(texts):
    """Return texts as they are, and as headings and labels have them."""
    found = {text.strip(": ") for text in texts}
    return found | {text[:1].upper() + text[1:] for text in found}


def addresses(rows):
    """Return the addresses of the pages that sales staff and managers open, and one of each kind of form."""
    yield from (entry.address for entry in entries())
    yield from (reverse("admin:report", args=[report.name]) for report in REPORTS)
    yield from (reverse(name) for name in ("admin:set_up", "admin:new_import", "admin:new_task", "mfa_index"))
    yield from (SETTINGS, f"{SEARCH}?q=Roof", f"{reverse('admin:crm_activity_calendar')}?view=month")
    yield from (reverse(page(row, "change"), args=[row.pk]) for row in rows.values())
    yield from (reverse(page(model, "add")) for model in (Person, Organization, Pipeline))
    yield reverse("admin:leads_lead_add")
    # The pages of one row beside its form.
    beside = {
        "crm_membership_end": [rows[Membership].pk],
        "crm_webhookendpoint_deliveries": [rows[WebhookEndpoint].pk],
        "leads_lead_field": [rows[Lead].pk, "amount"],
        "leads_leadreceiver_template": [rows[LeadReceiver].pk],
        "leads_leadrotation_turns": [rows[LeadRotation].pk],
        "pipelines_pipeline_delete_stage": [rows[Stage].pipeline_id, rows[Stage].pk],
        "pipelines_pipeline_stages": [rows[Stage].pipeline_id],
        "write_mail": [EntityKind.LEAD, rows[Lead].pk],
    }
    yield from (reverse(f"admin:{name}", args=arguments) for name, arguments in beside.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_hold_no_english_text(signed_in, tenant, language):
    speak(tenant, "admin", language)
    client = signed_in("admin")
    rows = rows_of(tenant, "Zq")
    create_lead({"title": "Roof", "amount": "1234.5"}, actor=tenant.actors.admin)
    messages = messages_of(language)
    english = capitalized(each.text for each in messages if each.text not in each.translations)
    # A word of one language may be one of the other too, such as Name.
    kept = capitalized(text for each in messages for text in each.translations) | data_of(tenant)

    found = {}
    for address in addresses(rows):
        response = client.get(address)
        # The background work is for superusers.
        assert response.status_code == (403 if "workpart" in address else 200), address
        left = (texts_of(response) & english) - kept
        if left:
            found[address] = sorted(left)

    assert found == {}


def test_shared_types_of_contact_are_told_in_the_language_of_the_member(signed_in, tenant):
    person = create_person({"firstname": "Jane"}, actor=tenant.actors.agent)
    ContactType.objects.create(company=tenant.company, name="Fax", kind="OTHER")
    speak(tenant, "agent", "de")
    client = signed_in("agent")

    page = client.get(reverse("admin:people_person_change", args=[person.pk]))

    options = re.findall(r"<option [^>]*>([^<]*)</option>", page.content.decode())
    assert {"E-Mail", "Telefon", "Mobil", "Fax"} <= {*options}
    assert not {"Email", "Phone"} & {*options}
    assert {*ContactType.objects.filter(company=None).values_list("name", flat=True)} >= {"Phone"}


def test_german_has_one_word_for_saving(signed_in, tenant):
    tag = TagFactory(company=tenant.company)
    client = signed_in("manager")

    page = client.get(reverse("admin:crm_tag_change", args=[tag.pk]), headers={"Accept-Language": "de"})

    assert "Speichern und weiter bearbeiten" in page.content.decode()
    assert "ichern und" not in page.content.decode().replace("Speichern und", "")
