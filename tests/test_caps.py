"""Caps on what a record or company holds: one over is refused through every door, what is there stays."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from crm import caps
from crm.actors import Door
from crm.caps import Cap
from crm.importing.report import RowError
from crm.importing.running import run_import
from crm.models import CustomFieldDefinition
from crm.models.records import Record
from crm.models.webhooks import WebhookEndpoint
from crm.services.custom_field_definitions import create_definition
from crm.webhooks.endpoints import create_endpoint
from leads.models import Lead, ReceiverAttempt
from people.imports import PersonImport
from people.models import Address, Contact, ContactKind, Employment, Person
from people.services.contacts import ContactValues
from people.services.people import update_person
from pipelines.models import Pipeline, Stage
from pipelines.services.stages import delete_stage
from tests.admin.conftest import form_of
from tests.admin.stage_rows import rows_of_stages
from tests.clients import ask
from tests.doors import contact_type
from tests.factories.crm import TagFactory, Tenant
from tests.factories.leads import LeadFactory, LeadReceiverFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.receivers.delivering import deliver
from tests.services.racing import rounds

CAPS = [cap for cap in vars(caps).values() if isinstance(cap, Cap)]
REAL = {cap: cap.most for cap in CAPS}
#: The most of each in these tests, so that they write few rows.
MOST = 2

pytestmark = pytest.mark.django_db


def set_caps(most: int) -> None:
    for cap in CAPS:
        object.__setattr__(cap, "most", most)


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    set_caps(MOST)
    yield
    for cap, most in REAL.items():
        object.__setattr__(cap, "most", most)


@pytest.fixture
def browser(tenant: Tenant) -> Client:
    user = tenant.users["manager"]
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


def phone(number: int) -> ContactValues:
    return {"contacts_types_id": contact_type(ContactKind.PHONE).pk, "value": f"+1 212 555 01{number:02}"}


def full_person(tenant: Tenant, held: int = MOST, email: str = "full@example.com") -> Person:
    """Return a person who holds as many rows of each kind as is allowed."""
    person: Person = PersonFactory(
        company=tenant.company,
        firstname="Full",
        email=email,
        custom_fields={f"field {number}": 1 for number in range(held)},
    )
    actor = tenant.actors.manager
    update_person(
        person.pk,
        {
            "contacts": [
                {"contacts_types_id": contact_type(ContactKind.EMAIL).pk, "value": email},
                *[phone(number + len(email)) for number in range(1, held)],
            ],
            "address": [{"city": f"{email} {number}"} for number in range(held)],
            "employment_history": [{"position": f"{email} {number}"} for number in range(held)],
            "organizations_id": [OrganizationFactory(company=tenant.company).pk for _ in range(held)],
            "tags": [{"name": f"{email} {number}"} for number in range(held)],
        },
        actor=actor,
    )
    return Person.objects.get(pk=person.pk)


def numbers(person: Person) -> dict[str, int]:
    person.refresh_from_db()
    return {
        "contacts": person.contacts.count(),
        "addresses": person.addresses.count(),
        "positions": Employment.objects.filter(person=person).count(),
        "organizations": person.organizations.count(),
        "tags": person.tags.count(),
        "custom fields": len(person.custom_fields),
    }


def messages(answer: dict[str, Any]) -> dict[str, list[str]]:
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "VALIDATION"
    found: dict[str, list[str]] = error["extensions"]["validation"]
    return found


def over(rows: str, holder: str = "A person", after: int = MOST + 1) -> str:
    return f"{holder} has at most {MOST} {rows}, and this would make {after}: remove some first."


FULL = dict.fromkeys(("contacts", "addresses", "positions", "organizations", "tags", "custom fields"), MOST)


def test_the_caps_are_those_of_the_documentation() -> None:
    text = Path("docs/api.md").read_text()

    for cap in CAPS:
        # As they are outside of these tests.
        assert f"| {cap.rows} | {cap.holder.lower()} | {REAL[cap]} |" in text
    assert (REAL[caps.CONTACTS], REAL[caps.STAGES]) == (250, 100)


def test_an_update_of_the_api_refuses_one_more_of_each(tenant: Tenant) -> None:
    person = full_person(tenant)
    document = "mutation ($id: ID!, $input: PeopleInput!) { updatePeople(id: $id, input: $input) { id } }"
    organization = OrganizationFactory(company=tenant.company)
    keys = list(person.organizations.values_list("pk", flat=True))
    cases: dict[str, dict[str, Any]] = {
        "contacts": {"contacts": [{"id": each.pk} for each in person.contacts.all()] + [phone(99)]},
        "address": {"address": [{"city": str(number)} for number in range(3)]},
        "employment_history": {"employment_history": [{"position": str(number)} for number in range(3)]},
        "organizations_id": {"organizations_id": [*keys, organization.pk]},
        "tags": {"tags": [{"name": str(number)} for number in range(3)]},
        "custom_fields": {"custom_fields": [{"name": "one more", "value": 1}]},
    }

    for (field, values), rows in zip(cases.items(), FULL, strict=True):
        answer = ask(document, actor=tenant.actors.manager, variables={"id": person.pk, "input": values})
        said = over(rows, "A record" if rows in ("tags", "custom fields") else "A person")
        assert messages(answer) == {f"input.{field}": [said]}
        assert numbers(person) == FULL
    # What would change nothing of their number is stored.
    kept = {"firstname": "Jane", "contacts": cases["contacts"]["contacts"][:2], "organizations_id": keys}
    assert "errors" not in ask(
        document, actor=tenant.actors.manager, variables={"id": person.pk, "input": kept}
    )


def test_own_mutations_refuse_one_more_of_each(tenant: Tenant) -> None:
    person = full_person(tenant)
    organization = OrganizationFactory(company=tenant.company)
    tag = TagFactory(company=tenant.company)
    entity = {"entity_type": "PEOPLE", "entity_id": person.pk}
    cases: list[tuple[str, dict[str, Any], str]] = [
        (
            "mutation ($i: ID!, $v: ContactInput!) { createContact(people_id: $i, input: $v) { id } }",
            {"i": person.pk, "v": phone(99)},
            "input",
        ),
        (
            "mutation ($i: ID!, $v: AddressInput!) { createPeopleAddress(people_id: $i, input: $v) { id } }",
            {"i": person.pk, "v": {"city": "Lyon"}},
            "input",
        ),
    ]
    for document, variables, field in cases:
        answer = ask(document, actor=tenant.actors.manager, variables=variables)
        assert list(messages(answer)) == [field], document
    linked = ask(
        "mutation ($v: OrganizationPeopleInput!) { addPeopleToOrganization(input: $v) { id } }",
        actor=tenant.actors.manager,
        variables={"v": {"organization_id": organization.pk, "peoples_id": [person.pk]}},
    )
    tagged = ask(
        "mutation ($v: AttachTagEntityInput!) { attachTagToEntity(input: $v) }",
        actor=tenant.actors.manager,
        variables={"v": {"tag_id": tag.pk, **entity}},
    )
    assert messages(linked) == {"input.organization_id": [over("organizations")]}
    assert messages(tagged) == {"input.tag_id": [over("tags", "A record")]}
    # A lead links its person to its organization.
    values = {"title": "New", "people_id": person.pk, "organization": {"name": "Another"}}
    of_lead = ask(
        "mutation ($v: LeadInput!) { createLead(input: $v) { id } }",
        actor=tenant.actors.manager,
        variables={"v": values},
    )
    assert [over("organizations")] in messages(of_lead).values()
    assert numbers(person) == FULL


@pytest.mark.one_database
def test_the_form_refuses_one_more_of_each(tenant: Tenant, browser: Client) -> None:
    person = full_person(tenant)
    address = f"/admin/people/person/{person.pk}/change/"
    email_type = contact_type(ContactKind.EMAIL)
    more: list[tuple[str, dict[str, Any]]] = [
        (
            "contacts",
            {
                "contacts-TOTAL_FORMS": 3,
                "contacts-2-type": email_type.pk,
                "contacts-2-value": "a@example.com",
            },
        ),
        ("addresses", {"addresses-TOTAL_FORMS": 3, "addresses-2-city": "Lyon"}),
        (
            "positions",
            {"employments-TOTAL_FORMS": 3, "employments-2-position": "Chief", "employments-2-status": 1},
        ),
        (
            "organizations",
            {
                "organizations": [
                    *person.organizations.values_list("pk", flat=True),
                    OrganizationFactory(company=tenant.company).pk,
                ]
            },
        ),
        (
            "tags",
            {"tags": [*person.tags.values_list("pk", flat=True), TagFactory(company=tenant.company).pk]},
        ),
        ("custom fields", {"custom_fields": '{"a": 1, "b": 2, "c": 3}'}),
    ]

    filled = form_of(browser, address)
    # The first has as many fields as the form of a person who holds 250 of each: they are slow to read.
    many = {f"field-{number}": "" for number in range(7_000)}
    for rows, changes in more:
        answer = browser.post(address, filled | changes | many)
        many = {}
        assert answer.status_code == 200, rows
        assert f"has at most {MOST} {rows}, and this would make 3" in answer.content.decode(), rows
        assert numbers(person) == FULL


def test_an_import_refuses_the_row_that_would_exceed(tenant: Tenant) -> None:
    person = full_person(tenant)
    actor = tenant.actors.manager.through(Door.IMPORT)
    cells = {
        "phone": "+1 212 555 0199",
        "city": "Lyon",
        "tags": "new",
        "custom_fields.new": "1",
        "organization": "New",
    }
    refused: list[RowError] = []
    for name, value in cells.items():
        content = f"email,{name}\nfull@example.com,{value}\n".encode()
        run_import(io.BytesIO(content), PersonImport, actor=actor, on_error=refused.append)

    assert [error.message for error in refused] == [
        over("contacts"),
        over("addresses"),
        over("tags", "A record"),
        over("custom fields", "A record"),
        over("organizations"),
    ]
    assert numbers(person) == FULL


def test_a_merge_and_its_preview_refuse_what_the_winner_would_hold(tenant: Tenant) -> None:
    winner, loser = full_person(tenant), full_person(tenant, 1, "other@example.com")
    operations = ("query { previewMergePeople", "mutation { mergePeople")
    arguments = f"(id: {winner.pk}, duplicates_id: [{loser.pk}])"

    for operation in operations:
        answer = ask(f"{operation}{arguments} {{ __typename }} }}", actor=tenant.actors.manager)
        [said] = messages(answer)["duplicates_id"]
        assert said.endswith("and this would make 3: remove some first.")
    assert (numbers(winner), Person.objects.get(pk=loser.pk).merged_into_id) == (FULL, None)
    for model in (Contact, Address, Employment):
        model.objects.filter(person=loser).delete()
    loser.organizations.clear()
    loser.tags.clear()
    Person.objects.filter(pk=loser.pk).update(custom_fields={})
    merged = ask(f"{operations[1]}{arguments} {{ __typename }} }}", actor=tenant.actors.manager)
    assert "errors" not in merged
    assert numbers(winner) == FULL


def test_a_delivery_that_would_exceed_is_kept_as_failed(tenant: Tenant) -> None:
    receiver = LeadReceiverFactory(company=tenant.company, agent=tenant.users["agent"])
    person = full_person(tenant)

    fields = deliver(receiver, {"firstname": "Jane", "a": "1", "b": "2", "c": "3"})
    organization = deliver(receiver, {"firstname": "Full", "email": "full@example.com", "company": "Another"})

    assert (fields.status_code, organization.status_code) == (422, 422)
    assert fields.json()["errors"] == {"custom_fields": [over("custom fields", "A record")]}
    assert [over("organizations")] in organization.json()["errors"].values()
    assert (Lead.objects.count(), numbers(person)) == (0, FULL)
    assert [attempt.status for attempt in ReceiverAttempt.objects.all()] == ["FAILED", "FAILED"]
    # Nothing is lost: the delivery can be replayed.
    assert ReceiverAttempt.objects.order_by("pk")[0].payload["c"] == "3"


@pytest.mark.parametrize("make", [LeadFactory, OrganizationFactory])
def test_other_records_have_the_same_caps(tenant: Tenant, make: Any) -> None:
    record: Record = make(company=tenant.company, custom_fields={"a": 1, "b": 2})
    name = type(record).__name__
    kind = {"Lead": "LeadUpdateInput", "Organization": "OrganizationInput"}[name]
    document = f"""mutation ($id: ID!, $input: {kind}!) {{
        update{name}(id: $id, input: $input) {{ id }} }}"""

    for field, values, rows in (
        ("custom_fields", [{"name": "c", "value": 1}], "custom fields"),
        ("tags", [{"name": str(number)} for number in range(3)], "tags"),
    ):
        variables = {"id": record.pk, "input": {field: values}}
        answer = ask(document, actor=tenant.actors.manager, variables=variables)
        assert messages(answer) == {f"input.{field}": [over(rows, "A record")]}
    record.refresh_from_db()
    assert (len(record.custom_fields), record.tags.count()) == (2, 0)


def test_what_is_above_a_cap_stays_and_may_shrink(tenant: Tenant) -> None:
    set_caps(5)
    person = full_person(tenant, 5)
    set_caps(MOST)
    actor = tenant.actors.manager

    update_person(
        person.pk, {"firstname": "Jane", "custom_fields": [{"name": "field 1", "value": 2}]}, actor=actor
    )
    update_person(person.pk, {"address": [{"city": str(number)} for number in range(4)]}, actor=actor)
    update_person(person.pk, {"custom_fields": [{"name": "field 0", "value": None}]}, actor=actor)
    with pytest.raises(ValidationError):
        update_person(person.pk, {"address": [{"city": str(number)} for number in range(5)]}, actor=actor)

    assert numbers(person) == dict.fromkeys(FULL, 5) | {"addresses": 4, "custom fields": 4}


def test_stages_of_a_pipeline(tenant: Tenant, browser: Client) -> None:
    pipeline = PipelineFactory(company=tenant.company)
    gone, _first, _second = (
        StageFactory(company=tenant.company, pipeline=pipeline, name=name) for name in ("Gone", "A", "B")
    )
    delete_stage(gone.pk, actor=tenant.actors.manager)
    said = [over("stages", "A pipeline")]
    actor = tenant.actors.manager
    address = f"/admin/pipelines/pipeline/{pipeline.pk}/stages/"

    def run(document: str) -> dict[str, list[str]]:
        return messages(ask(f"mutation {{ {document} {{ __typename }} }}", actor=actor))

    stage = f'createPipelineStage(input: {{pipelines_id: {pipeline.pk}, name: "C"}})'
    nested = f'updatePipeline(id: {pipeline.pk}, input: {{stages: [{{name: "C"}}]}})'
    new = 'createPipeline(input: {name: "New", stages: [{name: "A"}, {name: "B"}, {name: "C"}]})'
    restored = messages(ask(f"mutation {{ restorePipelineStage(id: {gone.pk}) }}", actor=actor))
    more = {"stages-TOTAL_FORMS": 3, "stages-2-name": "C", "stages-2-rotting_days": 1}
    more |= {"stages-2-probability": 50}
    answer = browser.post(address, {**rows_of_stages(browser, address), **more}, follow=True)

    assert run(stage) == {"input.pipelines_id": said}
    assert run(nested) == {"input.stages.0": said}
    assert run(new) == {"input.stages.2": said}
    assert restored == {"id": said}
    assert (answer.status_code, said[0] in answer.content.decode()) == (200, True)
    assert Stage.objects.filter(pipeline=pipeline, deleted_at=None).count() == MOST
    assert not Pipeline.objects.filter(name="New").exists()


def test_definitions_choices_and_endpoints_of_a_company(tenant: Tenant, browser: Client) -> None:
    actor = tenant.actors.admin

    def endpoint(name: str) -> WebhookEndpoint:
        return WebhookEndpoint(name=name, url="https://example.com/", kinds=["lead.created"])

    for name in ("a", "b"):
        create_definition({"model": "LEAD", "name": name}, actor=actor)
        create_endpoint(endpoint(name), actor=actor)

    mutation = 'mutation { createCustomFieldDefinition(input: {model: PEOPLE, name: "c"}) { id } }'
    answer = ask(mutation, actor=actor)
    address = "/admin/crm/customfielddefinition/add/"
    page = browser.post(address, form_of(browser, address, model="PEOPLE", name="c", kind="TEXT"))
    with pytest.raises(ValidationError, match="at most 2 webhook endpoints"):
        create_endpoint(
            WebhookEndpoint(name="c", url="https://example.com/", kinds=["lead.created"]), actor=actor
        )

    said = over("definitions of custom fields", "A company")
    assert messages(answer) == {"input.name": [said]}
    assert said in page.content.decode()
    assert (CustomFieldDefinition.objects.count(), WebhookEndpoint.objects.count()) == (2, 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_stay_at_the_cap(tenant: Tenant) -> None:
    set_caps(5)
    actor = tenant.actors.admin
    person = PersonFactory(company=tenant.company, email="jane@example.com")
    pipeline = PipelineFactory(company=tenant.company)
    organizations = [OrganizationFactory(company=tenant.company) for _ in range(8)]
    tags = [TagFactory(company=tenant.company) for _ in range(8)]
    entity = f"entity_type: PEOPLE, entity_id: {person.pk}"
    mail = contact_type(ContactKind.EMAIL).pk

    def new_contact(number: int) -> str:
        given = f'{{contacts_types_id: {mail}, value: "a{number}@example.com"}}'
        return f"createContact(people_id: {person.pk}, input: {given}) {{ id }}"

    writes: list[Callable[[int], str]] = [
        new_contact,
        lambda n: f'createPeopleAddress(people_id: {person.pk}, input: {{city: "{n}"}}) {{ id }}',
        lambda n: (
            f"addPeopleToOrganization(input: {{organization_id: {organizations[n].pk},"
            f" peoples_id: [{person.pk}]}}) {{ id }}"
        ),
        lambda n: f"attachTagToEntity(input: {{tag_id: {tags[n].pk}, {entity}}})",
        lambda n: f'setCustomField(input: {{name: "{n}", data: 1, {entity}}})',
        lambda n: f'createPipelineStage(input: {{pipelines_id: {pipeline.pk}, name: "{n}"}}) {{ id }}',
        lambda n: f'createCustomFieldDefinition(input: {{model: LEAD, name: "{n}"}}) {{ id }}',
    ]

    for write in writes:
        documents = [f"mutation {{ {write(number)} }}" for number in range(8)]

        def act(writer: int, _turn: int, documents: list[str] = documents) -> dict[str, Any]:
            return ask(documents[writer], actor=actor)

        [answers] = rounds(act, 1, writers=8)
        codes = [error["extensions"]["code"] for answer in answers for error in answer.get("errors", [])]
        assert set(codes) == {"VALIDATION"}, (write(0), answers)

    assert numbers(person) == dict.fromkeys(FULL, 5) | {"positions": 0}
    assert (pipeline.stages.count(), CustomFieldDefinition.objects.count()) == (5, 5)
