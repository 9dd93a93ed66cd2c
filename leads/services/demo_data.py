"""Demo data: a small company that is the same on every machine."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.actors import Actor, Door, Role
from crm.dates import start_of, today_in
from crm.languages.chosen import reading
from crm.models import Activity, Company, Membership, User
from crm.models.companies import DEFAULT_REGION
from crm.services.activities import create_activity
from crm.services.activity_input import ActivityValues
from crm.services.companies import find_or_create_user, save_user, update_company
from crm.services.days import today_of, zone_of
from crm.services.members import add_member
from leads.models import Lead, LeadSource, LeadType
from leads.services.closing import close_lead
from leads.services.company_setup import set_up_company
from leads.services.demo_texts import (
    CLOSED,
    DEALS,
    LEAD_TAGS,
    NAMED,
    PEOPLE_TAGS,
    PLANNED,
    ROLES,
    SAID,
)
from leads.services.involvement import add_person
from leads.services.leads import create_lead
from leads.services.relationships import create_relationship
from people.models import ContactType, Organization, Person
from people.services.organizations import create_organization
from people.services.people import create_person
from pipelines.models import Stage
from pipelines.services.stages import update_stage

DEMO_USERNAME = "demo"
COMPANY_NAME = "Northwind Sales"
#: Username, name that colleagues see, role.
COLLEAGUES = (("amira", "Amira Haddad", Role.AGENT), ("jonas", "Jonas Weber", Role.VIEWER))
#: Name, street, city, state, postal code, country, tag.
ORGANIZATIONS = (
    ("Brightwater Logistics", "12 Harbor Road", "Portland", "OR", "97201", "US", _("Logistics")),
    ("Cedar & Finch Architects", "88 Elm Street", "Boston", "MA", "02108", "US", _("Construction")),
    ("Müller Anlagenbau", "Industriestraße 4", "Stuttgart", "BW", "70565", "DE", _("Manufacturing")),
    ("Café Solidaire", "5 rue des Lilas", "Lyon", "ARA", "69002", "FR", _("Retail")),
    ("Orchid Health", "301 Lake Avenue", "Chicago", "IL", "60601", "US", _("Health")),
    ("Kestrel Software", "7 Quay Street", "Bristol", "England", "BS1 4DJ", "GB", _("Software")),
    ("Sakura Foods", "2-11 Nihonbashi", "Tokyo", "Tokyo", "103-0027", "JP", _("Retail")),
    ("Granite Peak Outfitters", "45 Summit Drive", "Denver", "CO", "80202", "US", _("Retail")),
    ("Puerto Azul Hoteles", "Paseo Marítimo 20", "Málaga", "AN", "29016", "ES", _("Travel")),
    ("Lindqvist Energi", "Storgatan 31", "Gothenburg", "VG", "411 38", "SE", _("Energy")),
    ("Tamarind Media", "14 MG Road", "Bengaluru", "KA", "560001", "IN", _("Media")),
    ("Riverbend Schools", "900 College Way", "Austin", "TX", "73301", "US", _("Education")),
)
PEOPLE = (
    *("Grace Okafor", "Daniel Reyes", "Anna Müller", "Chloé Laurent", "Marcus Hale", "Priya Nair"),
    *("Haruto Sato", "Erin Walsh", "Lucía Romero", "Nils Lindqvist", "Meera Iyer", "Samuel Brooks"),
    *("Tessa Lang", "Omar Farouk", "Jürgen Bauer", "Sophie Bernard", "Nadia Petrova", "Liam Carter"),
    *("Yuki Tanaka", "Ruth Adeyemi", "Pablo Ortega", "Freja Holm", "Arjun Mehta", "Claire Dubois"),
    *("Victor Osei", "Hannah Schmidt", "Diego Alvarez", "Ingrid Berg", "Kavya Rao", "Thomas Nguyen"),
)
#: Percent of the leads in each stage that are won, in the order of the stages.
PROBABILITIES = (10, 30, 60, 80)
#: Countries whose organizations pay in euros; all others pay in the currency of the company.
EURO_COUNTRIES = ("DE", "ES", "FR")
LEAD_COUNT = 40


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The demo company and its administrator; ``is_new`` if they were created just now."""

    company: Company
    user: User
    is_new: bool


def find_demo() -> Demo | None:
    """Return the demo company and its administrator, or None before they are loaded."""
    members = Membership.objects.active().select_related("company", "user")
    member = members.filter(user__username=DEMO_USERNAME).order_by("-is_default", "pk").first()
    return None if member is None else Demo(company=member.company, user=member.user, is_new=False)


@transaction.atomic
def load_demo_data(*, password: str, region: str = DEFAULT_REGION, language: str | None = None) -> Demo:
    """Load the demo data into an empty database, unless they are there already.

    :param password: of the user ``demo``; everybody may know it, so nobody else may reach this machine.
    :param region: country code of phone numbers without a prefix.
    :param language: of the company, and of what the data say; names of people and places are those of all.
    """
    # In an empty database the first rows get the id 1, which the examples of docs/api.md use. The ids are not
    # written here: a sequence would not count on behind them.
    demo = find_demo()
    if demo is not None:
        return demo
    user, _ = find_or_create_user(DEMO_USERNAME)
    user.displayname = "Dana Demo"
    user.email = "demo@example.com"
    user.set_password(password)
    save_user(user)
    company = set_up_company(COMPANY_NAME, admin=user, region=region, language=language)
    agent, _viewer = (_add_colleague(company, *colleague) for colleague in COLLEAGUES)
    actor = Actor(user_id=user.pk, company_id=company.pk, role=Role.ADMIN, door=Door.COMMAND)
    # As integrations send the value of a deal.
    update_company({"amount_custom_field": "deal_value"}, actor=actor)
    with reading(language):
        organizations = [_create_organization(*details, actor=actor) for details in ORGANIZATIONS]
        people = _create_people(organizations, actor)
        leads = _create_leads(people, organizations, owners=[user, agent], actor=actor)
        _name_people(leads, people, actor)
        _create_activities(leads, actor)
    return Demo(company=company, user=user, is_new=True)


def _add_colleague(company: Company, username: str, displayname: str, role: Role) -> User:
    user, _ = find_or_create_user(username)
    user.displayname = displayname
    user.email = f"{username}@example.com"
    save_user(user)
    add_member(company, user, role)
    return user


def _create_organization(
    name: str,
    address: str,
    city: str,
    state: str,
    code: str,
    country: str,
    tag: StrOrPromise,
    *,
    actor: Actor,
) -> Organization:
    return create_organization(
        {
            "name": name,
            "address": address,
            "city": city,
            "state": state,
            "zip": code,
            "country": country,
            "tags": [{"name": str(tag)}],
        },
        actor=actor,
    )


def _create_people(organizations: list[Organization], actor: Actor) -> list[Person]:
    phone = ContactType.objects.get(company=None, kind="PHONE")
    people = []
    for index, (name, organization) in enumerate(zip(PEOPLE, cycle(organizations), strict=False)):
        firstname, lastname = name.split()
        person = create_person(
            {
                "firstname": firstname,
                "lastname": lastname,
                "email": f"{slugify(name).replace('-', '.')}@example.com",
                "contacts": [{"contacts_types_id": phone.pk, "value": f"+1 212 555 {100 + index:04}"}],
                "address": [{"city": organization.city, "country": organization.country}],
                "organizations_id": [organization.pk],
                "tags": [{"name": str(PEOPLE_TAGS[index % len(PEOPLE_TAGS)])}],
                "custom_fields": [{"name": "prefers", "value": "email" if index % 3 else "phone"}],
            },
            actor=actor,
        )
        people.append(person)
    return people


def _create_leads(
    people: list[Person], organizations: list[Organization], *, owners: list[User], actor: Actor
) -> list[Lead]:
    stages = list(Stage.objects.visible_to(actor).order_by("weight", "pk"))
    for stage, probability in zip(stages, PROBABILITIES, strict=True):
        update_stage(stage.pk, {"probability": probability}, actor=actor)
    sources = list(LeadSource.objects.visible_to(actor).order_by("pk"))
    types = list(LeadType.objects.visible_to(actor).order_by("pk"))
    today = today_in(None)
    leads = []
    buyers = islice(cycle(zip(people, cycle(organizations), strict=False)), LEAD_COUNT)
    for index, (person, organization) in enumerate(buyers):
        deal, value = DEALS[index % len(DEALS)]
        lead = create_lead(
            {
                "title": gettext("%(deal)s for %(organization)s")
                % {"deal": deal, "organization": organization.name},
                "description": gettext("%(person)s asked for an offer.") % {"person": person.name},
                "people_id": person.pk,
                "organization_id": organization.pk,
                "pipeline_stage_id": stages[index % len(stages)].pk,
                # Each fifth lead is unassigned.
                "leads_owner_id": None if index % 5 == 4 else owners[index % len(owners)].pk,
                "source_id": sources[index % len(sources)].pk,
                "type_id": types[index % len(types)].pk,
                "tags": [{"name": str(LEAD_TAGS[index % len(LEAD_TAGS)])}],
                "currency": "EUR" if organization.country in EURO_COUNTRIES else None,
                # Some are overdue.
                "expected_close_on": today + timedelta(days=3 * index - 15),
                "custom_fields": [{"name": "deal_value", "value": value}],
            },
            actor=actor,
        )
        leads.append(lead)
        if index in CLOSED:
            outcome, reason = CLOSED[index]
            close_lead(lead.pk, outcome, reason_lost=None if reason is None else str(reason), actor=actor)
    return leads


def _name_people(leads: list[Lead], people: list[Person], actor: Actor) -> None:
    roles = [create_relationship({"name": str(name)}, actor=actor) for name in ROLES]
    for lead, person, role in NAMED:
        add_person(leads[lead].pk, people[person].pk, actor=actor, relationship_key=roles[role].pk)


def _create_activities(leads: list[Lead], actor: Actor) -> None:
    midnight = start_of(today_of(actor), zone_of(actor))
    for index, kind, subject, at in PLANNED:
        values: ActivityValues = {
            "entity_type": "LEAD",
            "entity_id": leads[index].pk,
            "kind": kind,
            "subject": str(subject),
            "assignee_id": leads[index].owner_id,
        }
        if at is not None:
            days, hours = at
            when = midnight + timedelta(days=days, hours=hours)
            values["due_at" if kind == "TASK" else "starts_at"] = when
        activity = create_activity(values, actor=actor)
        if activity.planned_for is not None and activity.planned_for <= activity.created_at:
            # Planned the day before: what is entered after its time took place.
            planned_on = activity.planned_for - timedelta(days=1)
            Activity.objects.filter(pk=activity.pk).update(created_at=planned_on)
    for index, kind, text in SAID:
        said: ActivityValues = {
            "entity_type": "LEAD",
            "entity_id": leads[index].pk,
            "kind": kind,
            "text": str(text),
        }
        create_activity(said, actor=actor, is_logged=True)
