"""Calls whose change the cases of the tenants do not make: lists, links and replacements in use."""

from collections.abc import Iterator
from typing import Any

from people.models import Contact, Organization, Person
from tests.tenants.world import World

#: A coordinate and arguments.
Call = tuple[str, dict[str, Any]]


def extra_calls(world: World) -> Iterator[Call]:
    key = world.own.key
    yield from _of_people(world, key("person"), key("organization"))
    yield from _of_leads(world)
    yield from _merges(world)
    for kind, name in (
        ("contact_type", "ContactType"),
        ("type", "LeadType"),
        ("source", "LeadSource"),
        ("lost_reason", "LeadLostReason"),
        ("receiver", "LeadReceiver"),
        ("relationship", "PeopleRelationship"),
        ("stage", "PipelineStage"),
        ("pipeline", "Pipeline"),
    ):
        # Those of the world's lead and person, so that the replacement takes their place.
        yield f"Mutation.delete{name}", {"id": key(kind), "replacement_id": key(f"spare_{kind}")}
    yield "Mutation.deactivateMember", {"user_id": key("user"), "reassign_to_id": key("follower")}
    yield "Mutation.updateCompany", {"input": {"region": "DE"}}
    definition = {"model": "PEOPLE", "name": "SEGMENT"}
    yield "Mutation.createCustomFieldDefinition", {"input": definition}


def _of_people(world: World, person: str, organization: str) -> Iterator[Call]:
    other = str(Organization.objects.visible_to(world.own.tenant.actors.admin).exclude(pk=organization)[0].pk)
    contact_type = world.own.key("contact_type")
    yield "Mutation.createPeople", {"input": {"firstname": "New", "organizations_id": [organization, other]}}
    yield "Mutation.createPeople", {"input": {"firstname": "New", "organization": "Only here"}}
    position = {"position": "CEO", "organizations_id": other}
    yield "Mutation.createPeople", {"input": {"firstname": "New", "employment_history": [position]}}
    yield "Mutation.createPeopleEmploymentHistory", {"input": {"peoples_id": person, **position}}
    values: list[dict[str, Any]] = [
        {"firstname": "Jane"},
        {"firstname": "Janet", "email": "janet@example.com", "dob": "1990-02-01"},
        {"email": None},
        {"contacts": []},
        {"contacts": [{"contacts_types_id": contact_type, "value": "New", "weight": 5}]},
        {"address": []},
        {"address": [{"city": "Paris"}, {"city": "Rome", "is_default": True}]},
        {"organizations_id": []},
        {"organizations_id": [organization]},
        {"organizations_id": [other]},
        {"organization": "Acme Corp"},
        {"organization": "Brand new"},
        {"employment_history": []},
        {"employment_history": [position]},
        {"tags": []},
        {"tags": [{"name": "New"}, {"name": "VIP"}]},
        {"tags": [{"name": "VIP"}]},
        {"custom_fields": [{"name": "Segment", "value": None}]},
        {"files": [{"url": "https://example.com/a.pdf", "field_name": "cv"}]},
    ]
    for each in values:
        yield "Mutation.updatePeople", {"id": person, "input": each}
    changes: list[dict[str, Any]] = [
        {"email": "jane2@example.com"},
        {"organizations_id": [other]},
        {"tags": [{"name": "B"}]},
    ]
    for each in changes:
        yield "Mutation.upsertPeople", {"input": {"id": person, **each}, "match": ["ID"]}
        yield "Mutation.importPeoples", {"input": [{"id": person, **each}]}
    both = [person, world.own.key("spare_person")]
    for mutation in ("addPeopleToOrganization", "removePeopleFromOrganization"):
        for where in (organization, other):
            yield f"Mutation.{mutation}", {"input": {"organization_id": where, "peoples_id": [*both, person]}}
    yield (
        "Mutation.updateOrganization",
        {"id": organization, "input": {"tags": [], "custom_fields": [{"name": "Segment", "value": "B"}]}},
    )
    yield "Mutation.updateOrganization", {"id": organization, "input": {"name": "Acme Corp"}}
    address = Contact.objects.filter(person_id=person, type__kind="EMAIL")[0]
    yield "Mutation.updateContact", {"id": str(address.pk), "input": {"value": "other@example.com"}}
    yield "Mutation.updateContact", {"id": str(address.pk), "input": {"value": address.value}}
    yield "Mutation.deleteContact", {"id": str(address.pk)}


def _of_leads(world: World) -> Iterator[Call]:
    key = world.own.key
    lead = key("lead")
    values: list[dict[str, Any]] = [
        {"title": "Enterprise deal"},
        {"tags": []},
        {"participants_id": []},
        {"participants_id": [key("participant")]},
        {"custom_fields": [{"name": "Segment", "value": 5}]},
        {"files": [{"url": "https://example.com/a.pdf"}]},
        {"people_id": None, "organization_id": None},
        {"leads_owner_id": None},
    ]
    for each in values:
        yield "Mutation.updateLead", {"id": lead, "input": each}
    yield "Mutation.leadWonOrLost", {"id": lead, "input": {"status": "won"}}
    # A person who is found and an organization that come in one request are linked.
    nested = {"people": {"id": key("spare_person")}, "organization": {"id": key("organization")}}
    yield "Mutation.createLead", {"input": {"title": "New", **nested}}
    nested = {"people": {"email": "new@example.com"}, "organization": {"name": "Acme Corp"}}
    yield "Mutation.createLead", {"input": {"title": "New", **nested}}


def _merges(world: World) -> Iterator[Call]:
    actor = world.own.tenant.actors.admin
    for kind, model, operation in (
        ("person", Person, "mergePeople"),
        ("organization", Organization, "mergeOrganizations"),
    ):
        row = model.objects.get(pk=world.own.key(kind))
        # The two that look alike have equal parts, which are dropped; the spare one has none, so all move.
        [same] = model.objects.visible_to(actor).filter(name=row.name).exclude(pk=row.pk)
        spare = world.own.key(f"spare_{kind}")
        for winner, loser in ((row.pk, same.pk), (same.pk, row.pk), (spare, row.pk)):
            yield f"Mutation.{operation}", {"id": str(winner), "duplicates_id": [str(loser)]}
