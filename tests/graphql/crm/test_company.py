"""The company's settings, and the companies of a user."""

from typing import Any

import pytest

from crm.actors import Door, Role
from crm.authentication import actor_for, authenticate_token
from crm.models import Company, Membership
from crm.services.custom_field_definitions import create_definition, update_definition
from crm.services.members import add_member
from leads.models import Lead
from leads.services.leads import create_lead
from people.models import Contact, ContactKind
from people.models.phones import canonical_phone
from people.services.people import create_person
from tests.clients import data, refusal
from tests.doors import contact_type
from tests.factories.crm import ApiTokenFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

UPDATE = """mutation ($input: CompanyInput!) { updateCompany(input: $input) {
  name website email phone address address_2 city state zip country language timezone region currency
  amount_custom_field lead_visibility
  reason_lost_required flag_duplicate_leads total_users default_owner { id } } }"""
GIVEN: dict[str, Any] = {
    "name": "Acme",
    "website": "https://acme.example",
    "email": "info@acme.example",
    "phone": "+33123456789",
    "address": "1 rue de la Paix",
    "address_2": "2",
    "city": "Paris",
    "state": "IDF",
    "zip": "75001",
    "country": "France",
    "language": "fr",
    "timezone": "Europe/Paris",
    "region": "FR",
    "currency": "EUR",
    "amount_custom_field": "deal_value",
    "lead_visibility": "OWN",
    "reason_lost_required": True,
    "flag_duplicate_leads": True,
}


def update(actor: Any, **values: Any) -> Any:
    return data(UPDATE, actor=actor, variables={"input": values})["updateCompany"]


def refused(actor: Any, **values: Any) -> dict[str, Any]:
    before = read_all()
    extensions: dict[str, Any] = refusal(UPDATE, actor=actor, variables={"input": values})["extensions"]
    assert read_all() == before
    return extensions


def test_settings_are_changed_and_absent_ones_stay(actors, tenant):
    owner = str(tenant.users["colleague"].pk)

    answer = update(actors.admin, **GIVEN, default_owner_id=owner)
    assert answer == {**GIVEN, "default_owner": {"id": owner}, "total_users": 5}
    changed = update(actors.admin, website=None, default_owner_id=0)
    assert changed == {**GIVEN, "website": None, "default_owner": None, "total_users": 5}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"name": None}, "input.name"),
        ({"name": " "}, "input.name"),
        ({"name": "x" * 256}, "input.name"),
        ({"region": "XX"}, "input.region"),
        ({"region": None}, "input.region"),
        ({"timezone": "Mars/Olympus"}, "input.timezone"),
        ({"email": "nobody"}, "input.email"),
        ({"lead_visibility": None}, "input.lead_visibility"),
        ({"reason_lost_required": None}, "input.reason_lost_required"),
        ({"currency": None}, "input.currency"),
        ({"currency": ""}, "input.currency"),
        ({"currency": "EURO"}, "input.currency"),
        ({"currency": "XYZ"}, "input.currency"),
        ({"amount_custom_field": "x" * 256}, "input.amount_custom_field"),
    ],
)
def test_settings_are_checked(actors, values, path):
    error = refused(actors.admin, **values)

    assert (error["code"], list(error["validation"])) == ("VALIDATION", [path])


def test_the_default_owner_may_own_leads(actors, tenant, other_tenant):
    viewer, stranger = tenant.users["viewer"].pk, other_tenant.users["agent"].pk

    error = refused(actors.admin, default_owner_id=viewer)
    assert list(error["validation"]) == ["input.default_owner_id"]
    unknown = {"code": "NOT_FOUND", "argument": "input.default_owner_id"}
    assert refused(actors.admin, default_owner_id=stranger) == unknown


@pytest.mark.parametrize("role", ["viewer", "agent", "manager"])
def test_only_administrators_change_members(actors, role):
    assert refused(getattr(actors, role), name="New") == {"code": "FORBIDDEN"}


@pytest.mark.parametrize(
    ("typed", "american", "german"),
    [
        ("030 901830 x12", None, "+4930901830;ext=12"),
        ("(415) 555-0200 ext. 1", "+14155550200;ext=1", None),
        ("0049 30 901830", "+4930901830", "+4930901830"),
        ("011 49 30 901830", "+4930901830", "+4930901830"),
        ("+49 (0)30 901830", "+4930901830", "+4930901830"),
    ],
)
def test_numbers_are_read_anew_in_another_region(actors, tenant, typed, american, german):
    phone = {"contacts_types_id": contact_type(ContactKind.PHONE).pk, "value": typed}
    person: Any = {"firstname": "Jane", "contacts": [phone]}
    create_person(person, actor=actors.agent)
    deal: Any = {"title": "Deal", "phone": typed}
    create_lead(deal, actor=actors.agent)

    for region, canonical in (("US", american), ("DE", german), ("US", american)):
        update(actors.admin, region=region)
        contact, lead = Contact.objects.get(), Lead.objects.get()
        digits = "".join(filter(str.isdigit, typed))
        # Whether another plan knows such a number, too, is not the matter here.
        if canonical is None:
            assert contact.canonical != (american or german)
            assert canonical_phone(typed, region) == contact.canonical == lead.phone_canonical
        else:
            forms = (canonical, canonical.partition(";")[0])
            assert (contact.canonical, contact.dialled) == forms
            assert (lead.phone_canonical, lead.phone_dialled) == forms
        for text in (contact.person.search_text, lead.search_text):
            assert digits in text
            assert canonical is None or f"{canonical}\n" in text


def test_another_region_changes_canonical_phones(actors, tenant):
    phone = {"contacts_types_id": contact_type(ContactKind.PHONE).pk, "value": "01 23 45 67 89"}
    person: Any = {"firstname": "Jeanne", "contacts": [phone]}
    made = create_person(person, actor=actors.agent)
    lead: Any = {"title": "Deal", "people_id": made.pk}
    created = create_lead(lead, actor=actors.agent)
    search = """query($text: String) { peoples(search: $text) { data { id } }
      leads(search: $text) { data { id } }
      found: peoples(hasPhones: {column: VALUE, value: "+33123456789"}) { data { id } } }"""
    wanted = {
        "peoples": {"data": [{"id": str(made.pk)}]},
        "leads": {"data": [{"id": str(created.pk)}]},
        "found": {"data": [{"id": str(made.pk)}]},
    }
    assert data(search, actor=actors.viewer, variables={"text": "33123456789"}) != wanted

    update(actors.admin, region="fr")

    assert data(search, actor=actors.viewer, variables={"text": "33123456789"}) == wanted
    assert Contact.objects.get().canonical == "+33123456789"
    assert Lead.objects.get().phone_canonical == "+33123456789"
    # That is no change of theirs.
    made.refresh_from_db()
    created.refresh_from_db()
    assert (made.version, created.version) == (1, 1)


COMPANIES = """{ companies(orderBy: [{column: NAME, order: ASC}]) { data { id name } }
  me { default_company companies { id name } } users { data { id default_company companies { id } } } }"""


def test_a_session_lists_all_companies_and_a_token_one(tenant, other_tenant):
    both = tenant.users["agent"]
    add_member(other_tenant.company, both, Role.VIEWER)
    companies = [{"id": str(row.pk), "name": row.name} for row in (other_tenant.company, tenant.company)]
    session = actor_for(both, tenant.company, door=Door.GRAPHQL)

    answer = data(COMPANIES, actor=session)

    assert answer["companies"]["data"] == companies
    assert answer["me"] == {"default_company": companies[1]["id"], "companies": companies}
    ApiTokenFactory(raw="crm_test", company=tenant.company, user=both)
    by_token = data(COMPANIES, actor=authenticate_token("crm_test").actor)
    assert by_token["companies"]["data"] == companies[1:]
    assert by_token["me"]["companies"] == companies[1:]
    # Of colleagues nobody learns where else they belong.
    colleague = data(COMPANIES, actor=actor_for(tenant.users["viewer"], tenant.company, door=Door.GRAPHQL))
    seen = {row["id"]: row for row in colleague["users"]["data"]}
    assert seen[str(both.pk)] == {
        "id": str(both.pk),
        "default_company": None,
        "companies": [{"id": companies[1]["id"]}],
    }


def test_left_and_closed_companies_are_not_listed(tenant, other_tenant):
    both = tenant.users["agent"]
    membership = add_member(other_tenant.company, both, Role.VIEWER)
    session = actor_for(both, tenant.company, door=Door.GRAPHQL)

    Membership.objects.filter(pk=membership.pk).update(is_active=False)
    assert len(data(COMPANIES, actor=session)["companies"]["data"]) == 1
    Membership.objects.filter(pk=membership.pk).update(is_active=True)
    Company.objects.filter(pk=other_tenant.company.pk).update(is_active=False)
    assert len(data(COMPANIES, actor=session)["companies"]["data"]) == 1


def test_currency_is_read_in_any_case_and_stored_amounts_keep_theirs(actors):
    lead = create_lead({"title": "Deal", "amount": "5"}, actor=actors.agent)

    assert update(actors.admin, currency=" chf ")["currency"] == "CHF"

    lead.refresh_from_db()
    assert lead.currency == "USD"
    assert create_lead({"title": "Deal", "amount": "5"}, actor=actors.agent).currency == "CHF"


@pytest.mark.parametrize("kind", ["DATE", "BOOLEAN", "URL"])
def test_amounts_are_not_taken_over_from_a_field_without_numbers(actors, kind):
    create_definition({"model": "LEAD", "name": "Deal value", "kind": kind}, actor=actors.manager)
    # That of another kind of record is another field.
    create_definition({"model": "PEOPLE", "name": "worth", "kind": kind}, actor=actors.manager)

    assert refused(actors.admin, amount_custom_field="deal VALUE")["validation"] == {
        "input.amount_custom_field": [
            "This custom field holds no numbers: name one of the kind number or text."
        ]
    }
    assert update(actors.admin, amount_custom_field="worth")["amount_custom_field"] == "worth"


def test_renamed_custom_field_is_still_the_one_that_amounts_come_from(actors, company):
    number = create_definition({"model": "LEAD", "name": "value", "kind": "NUMBER"}, actor=actors.manager)
    other = create_definition({"model": "LEAD", "name": "other", "kind": "NUMBER"}, actor=actors.manager)
    update(actors.admin, amount_custom_field="Value")

    update_definition(other.pk, {"name": "another"}, actor=actors.manager)
    update_definition(number.pk, {"name": "Deal value"}, actor=actors.manager)

    company.refresh_from_db()
    assert company.amount_custom_field == "Deal value"
    custom_fields: Any = [{"name": "deal value", "data": "7"}]
    lead = create_lead({"title": "Deal", "custom_fields": custom_fields}, actor=actors.agent)
    assert lead.amount == 7
