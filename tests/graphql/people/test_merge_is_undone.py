"""Undoing any merge leaves every row of every table as it was."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models.activities import Activity
from crm.models.channels import SocialChannel
from crm.models.events import Event, EventCounter
from crm.models.history import HistoryEntry
from crm.models.tallies import Tally
from crm.services.tallies import find_wrong_tallies
from leads.models import Lead, LeadPerson
from leads.services.leads import create_lead
from people.models import ContactType, Employment, Merge, Organization, OrganizationFile, Person, PersonFile
from people.services.merge_moves import relations_to
from people.services.merging import FILLED, merge
from people.services.organizations import create_organization, update_organization
from people.services.people import create_person, update_person
from people.services.unmerging import undo_merge
from tests.examples import examples
from tests.factories.crm import FilesystemFactory
from tests.stored import models, rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: What a merge and its undoing leave behind, beside entries of the history and the merge itself.
BOOKKEEPING = {"version", "updated_at"}
VERSIONED = {Person, Organization, Lead}

PHONES = ("+12125550100", "+1 (212) 555-0100", "+12125550199", "555-7777")
EMAILS = ("jane@example.com", "JANE@example.com", "j@example.com")
CITIES = ("Boston", "boston", "New York")
WORDS = ("VIP", "New")
FEW = st.integers(min_value=0, max_value=2)


def some(*pool: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(pool), max_size=3, unique=True)


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "firstname": st.sampled_from(["Jane", "J."]),
            "lastname": st.sampled_from([None, "Doe"]),
            "email": st.sampled_from([None, *EMAILS]),
            "dob": st.sampled_from([None, date(1990, 1, 31)]),
            "phones": some(*PHONES),
            "emails": some(*EMAILS),
            "cities": some(*CITIES),
            "tags": some(*WORDS),
            "organizations": some(0, 1),
            "custom_fields": st.dictionaries(st.sampled_from(WORDS), st.sampled_from([1, "1", True, [2.5]])),
            "files": some(0, 1),
            "participations": some(0, 1),
            "employments": some("CEO", "Founder"),
            "leads": FEW,
            "notes": FEW,
            "channels": FEW,
            "changes": FEW,
        }
    ),
    min_size=2,
    max_size=4,
)
ORGANIZATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Acme", "Acme Corp."]),
            "email": st.sampled_from([None, *EMAILS]),
            "city": st.sampled_from([None, *CITIES]),
            "tags": some(*WORDS),
            "custom_fields": st.dictionaries(st.sampled_from(WORDS), st.sampled_from([1, "1"])),
            "people": some(0, 1),
            "files": some(0, 1),
            "employed": some(0, 1),
            "leads": FEW,
            "notes": FEW,
            "changes": FEW,
        }
    ),
    min_size=2,
    max_size=3,
)
EXAMPLES = settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def rows() -> dict[Any, list[dict[str, Any]]]:
    """Read every row of every table of the product."""
    return {model: list(model._base_manager.order_by("pk").values()) for model in models()}


def without_bookkeeping(state: dict[Any, list[dict[str, Any]]], newest: int) -> dict[Any, Any]:
    """Remove merges, later history and versions from the rows."""
    kept = {}
    for model, stored in state.items():
        left_out = BOOKKEEPING if model in VERSIONED else set()
        if model not in {Merge, Tally, Event, EventCounter}:
            kept[model] = [
                {name: value for name, value in row.items() if name not in left_out}
                for row in stored
                if not (model is HistoryEntry and row["id"] > newest)
            ]
    return kept


def newest_entry(state: dict[Any, list[dict[str, Any]]]) -> int:
    newest: int = max(row["id"] for row in state[HistoryEntry])
    return newest


def named(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def contacts(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    types = {kind: ContactType.objects.get(company=None, kind=kind).pk for kind in ("PHONE", "EMAIL")}
    return [
        {"contacts_types_id": types[kind], "value": value}
        for kind, values in (("PHONE", drawn["phones"]), ("EMAIL", drawn["emails"]))
        for value in values
    ]


def make_people(drawn: list[dict[str, Any]], tenant: Any) -> list[Person]:
    actor, company = tenant.actors.agent, tenant.company
    acme = [create_organization({"name": name}, actor=actor) for name in ("Acme", "Globex")]
    files = [FilesystemFactory(company=company) for _ in range(2)]
    shared = [create_lead({"title": "Shared"}, actor=actor) for _ in range(2)]
    created = []
    for values in drawn:
        given: Any = {name: values[name] for name in ("firstname", "lastname", "email", "dob")}
        person = create_person(
            given
            | {
                "contacts": contacts(values),
                "address": [{"city": city} for city in values["cities"]],
                "tags": [{"name": name} for name in values["tags"]],
                "organizations_id": [acme[index].pk for index in values["organizations"]],
                "custom_fields": named(values["custom_fields"]),
            },
            actor=actor,
        )
        for index in values["files"]:
            PersonFile.objects.create(company=company, person=person, file=files[index])
        for index in values["participations"]:
            LeadPerson.objects.create(lead=shared[index], person=person)
        for position in values["employments"]:
            Employment.objects.create(company=company, person=person, position=position, organization=acme[0])
        for number in range(values["leads"]):
            create_lead({"title": f"Deal {number}", "people_id": person.pk}, actor=actor)
        for number in range(values["channels"]):
            SocialChannel.objects.create(company=company, name="Talk", slug=str(number), entity=person)
        for number in range(values["notes"]):
            Activity.objects.create(company=company, entity=person, text=f"Note {number}")
        for number in range(values["changes"]):
            update_person(person.pk, {"middlename": f"M{number}"}, actor=actor)
        created.append(person)
    return created


def make_organizations(drawn: list[dict[str, Any]], tenant: Any) -> list[Organization]:
    actor, company = tenant.actors.agent, tenant.company
    people = [create_person({"firstname": name}, actor=actor) for name in ("Jane", "John")]
    files = [FilesystemFactory(company=company) for _ in range(2)]
    created = []
    for values in drawn:
        given: Any = {name: values[name] for name in ("name", "email", "city")}
        organization = create_organization(
            given
            | {
                "tags": [{"name": name} for name in values["tags"]],
                "custom_fields": named(values["custom_fields"]),
            },
            actor=actor,
        )
        organization.people.add(*(people[index] for index in values["people"]))
        for index in values["files"]:
            OrganizationFile.objects.create(company=company, organization=organization, file=files[index])
        for index in values["employed"]:
            Employment.objects.create(
                company=company, person=people[index], organization=organization, position="CEO"
            )
        for number in range(values["leads"]):
            create_lead({"title": f"Deal {number}", "organization_id": organization.pk}, actor=actor)
        for number in range(values["notes"]):
            Activity.objects.create(company=company, entity=organization, text=f"Note {number}")
        for number in range(values["changes"]):
            update_organization(organization.pk, {"state": f"S{number}"}, actor=actor)
        created.append(organization)
    return created


def merge_and_undo(made: list[Any], tenant: Any) -> None:
    winner, *losers = made
    before = rows()
    model = type(winner)

    merge(model, winner.pk, [loser.pk for loser in losers], actor=tenant.actors.agent)

    check_nothing_is_lost(before, rows(), winner, losers)
    undo_merge(Merge.objects.get().pk, actor=tenant.actors.manager)
    newest = newest_entry(before)
    left, were = without_bookkeeping(rows(), newest), without_bookkeeping(before, newest)
    assert {model: left[model] for model in left if left[model] != were[model]} == {}
    assert find_wrong_tallies() == []


def check_nothing_is_lost(before: Any, after: Any, winner: Any, losers: list[Any]) -> None:
    """Check that all rows are left but equal ones kept in the journal, and none refers to a loser."""
    dropped = Merge.objects.get().journal["dropped"]
    gone = {loser.pk for loser in losers}
    for relation in relations_to(type(winner)):
        model = relation.model
        if model is HistoryEntry:
            continue
        were, are = len(before[model]), len(after[model])
        assert were - are == sum(row["model"] == model._meta.label_lower for row in dropped)
        assert not relation.rows_of(gone).exists()


@EXAMPLES
@given(drawn=PEOPLE)
def test_undoing_restores_people_exactly(tenant, drawn):
    with rolled_back():
        merge_and_undo(make_people(drawn, tenant), tenant)


@EXAMPLES
@given(drawn=ORGANIZATIONS)
def test_undoing_restores_organizations_exactly(tenant, drawn):
    with rolled_back():
        merge_and_undo(make_organizations(drawn, tenant), tenant)


def test_every_relation_is_known():
    # A new one has to be thought of: which of its rows are equal, and what else depends on whose they are.
    generic = {"crm.activity.object_id", "crm.historyentry.object_id", "crm.socialchannel.object_id"}

    assert {relation.name for relation in relations_to(Person)} == generic | {
        "leads.lead.person_id",
        "leads.leadperson.person_id",
        "people.activityperson.person_id",
        "people.address.person_id",
        "people.contact.person_id",
        "people.employment.person_id",
        "people.person_organizations.person_id",
        "people.person_tags.person_id",
        "people.personfile.person_id",
    }
    assert {relation.name for relation in relations_to(Organization)} == generic | {
        "leads.lead.organization_id",
        "people.employment.organization_id",
        "people.organization_tags.organization_id",
        "people.organizationfile.organization_id",
        "people.person_organizations.organization_id",
    }


def test_every_unique_constraint_of_a_relation_is_heeded():
    # One default address is seen to on its own; all other places that two rows could claim are compared.
    unheeded = [
        (relation.name, constraint.name)
        for model in (Person, Organization)
        for relation in relations_to(model)
        for constraint in relation.model._meta.constraints
        if relation.column.removesuffix("_id") in getattr(constraint, "fields", ())
        and not relation.equal_by()
    ]

    assert unheeded == []


@pytest.mark.parametrize("model", [Person, Organization])
def test_every_column_is_filled_kept_or_worked_out(model):
    kept = {"id", "company", "uuid", "deleted_at", "merged_into", "user", "custom_fields", "name"}

    assert {
        column.name
        for column in model._meta.concrete_fields
        if column.name not in BOOKKEEPING | {"created_at"} | model.derived_columns
    } == kept - model.derived_columns | set(FILLED[model])
