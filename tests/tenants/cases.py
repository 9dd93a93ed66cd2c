"""One case for each operation of the schema: legal arguments, and whose row each id among them names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.tenants.world import Side


@dataclass(frozen=True)
class Key:
    """Stands in arguments for the id of a row of the caller's own company."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """How an operation is called.

    ``arguments`` succeed for the caller's own rows. ``ids`` gives the kind of row that each place takes; a
    place is tried by setting it in the arguments, together with what ``besides`` says has to stand beside
    it. ``refused`` are places that do not take the own company's row either, with the code of that refusal;
    in those of ``closed`` no id is legal, whatever it is. ``ignored`` are places whose value is never read.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    besides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()


def own_arguments(case: Case, side: Side) -> dict[str, Any]:
    """Give the legal arguments of a case for one company."""
    resolved: dict[str, Any] = _resolve(case.arguments, side)
    return resolved


def _resolve(value: Any, side: Side) -> Any:
    if isinstance(value, Key):
        return side.key(value.kind)
    if isinstance(value, Mapping):
        return {name: _resolve(item, side) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, side) for item in value]
    return value


def with_value(arguments: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set one place in arguments, making the objects and one-item lists on the way to it."""
    head, _, rest = path.partition(".")
    if not rest:
        return {**arguments, head: value}
    below = arguments.get(head)
    if rest.partition(".")[0] == "0":
        item_path = rest.partition(".")[2]
        first = (below or [{}])[0]
        return {**arguments, head: [with_value(first, item_path, value) if item_path else value]}
    return {**arguments, head: with_value(below or {}, rest, value)}


def _under(prefix: str, places: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{path}": value for path, value in places.items()}


PERSON_IDS = {
    "id": "person",
    "company_id": "company",
    "contacts.0.id": "contact",
    "contacts.0.contacts_types_id": "contact_type",
    "address.0.id": "address",
    "organizations_id.0": "organization",
}
CONTACT_VALUE = {"contacts.0.contacts_types_id": {"contacts.0.value": "+1-555-0199"}}
ORGANIZATION_IDS = {"id": "organization", "company_id": "company"}
LEAD_IDS = {
    "people_id": "person",
    "organization_id": "organization",
    "leads_owner_id": "user",
    "receiver_id": "receiver",
    "status_id": "status",
    "type_id": "type",
    "source_id": "source",
    "pipelines_id": "pipeline",
    "pipeline_id": "pipeline",
    "pipeline_stage_id": "stage",
    "participants_id.0": "user",
}
NESTED_PERSON = {"input.people.firstname": "New"}
STAGE_IDS = {"id": "stage", "pipelines_id": "pipeline", "pipeline_id": "pipeline"}
STAGE_NAME = {"input.stages.0.name": "New"}


def _nested(places: Mapping[str, Mapping[str, Any]], prefix: str, **also: Any) -> dict[str, Any]:
    return {
        f"{prefix}.{path}": {**_under(prefix, values), **also.get("beside", {})}
        for path, values in places.items()
    }


def _by_id(kind: str) -> Case:
    return Case(arguments={"id": Key(kind)}, ids={"id": kind})


def _of_entity(arguments: Mapping[str, Any], entity: str, kind: str, **ids: str) -> Case:
    values = {**arguments, "entity_type": entity, "entity_id": Key(kind)}
    return Case(arguments={"input": values}, ids=_under("input", {**ids, "entity_id": kind}))


ENTITIES = {"LEAD": "lead", "PEOPLE": "person", "ORGANIZATION": "organization"}


def _of_entities(coordinate: str, arguments: Mapping[str, Any], **ids: str) -> dict[str, Case]:
    return {
        f"{coordinate} {entity}": _of_entity(arguments, entity, kind, **ids)
        for entity, kind in ENTITIES.items()
    }


_TIE = Case(
    arguments={"people_id": Key("person"), "organization_id": Key("organization")},
    ids={"people_id": "person", "organization_id": "organization"},
)
_TIE_SEVERAL = Case(
    arguments={"input": {"organization_id": Key("organization"), "peoples_id": [Key("person")]}},
    ids={"input.organization_id": "organization", "input.peoples_id.0": "person"},
)

#: By coordinate; words after it tell variants apart, which together cover the places of the operation.
CASES: dict[str, Case] = {
    "Query.contactType": Case(),
    "Query.currentCompany": Case(),
    "Query.lead": _by_id("lead"),
    "Query.leadReceivers": Case(),
    "Query.leadSources": Case(),
    "Query.leadStatuses": Case(),
    "Query.leadTypes": Case(),
    "Query.leads": Case(),
    "Query.me": Case(),
    "Query.organization": _by_id("organization"),
    "Query.organizations": Case(),
    "Query.people": _by_id("person"),
    "Query.peoples": Case(),
    "Query.pipeline": _by_id("pipeline"),
    "Query.pipelines": Case(),
    "Query.tags": Case(),
    "Query.user": _by_id("user"),
    "Query.users": Case(),
    "Mutation.addLeadParticipant": Case(
        arguments={"input": {"lead_id": Key("lead"), "user_id": Key("user")}},
        ids={"input.lead_id": "lead", "input.user_id": "user"},
    ),
    "Mutation.addPeopleToOrganization": _TIE,
    "Mutation.addPeopleToOrganization several": _TIE_SEVERAL,
    **_of_entities("Mutation.attachTagToEntity", {"tag_id": Key("tag")}, tag_id="tag"),
    "Mutation.createLead": Case(
        arguments={"input": {"title": "New"}},
        ids=_under(
            "input",
            {
                "company_id": "company",
                **LEAD_IDS,
                **_under("people", PERSON_IDS),
                **_under("organization", ORGANIZATION_IDS),
            },
        ),
        besides={
            **_nested(CONTACT_VALUE, "input.people", beside=NESTED_PERSON),
            "input.people.company_id": NESTED_PERSON,
            "input.people.organizations_id.0": NESTED_PERSON,
            "input.people.address.0.id": NESTED_PERSON,
            "input.organization.company_id": {"input.organization.name": "New"},
        },
        # The contacts and addresses of a new person are new.
        refused={"input.people.contacts.0.id": "NOT_FOUND", "input.people.address.0.id": "NOT_FOUND"},
        ignored=frozenset({"input.branch_id"}),
    ),
    "Mutation.createOrganization": Case(
        arguments={"input": {"name": "New"}},
        ids=_under("input", ORGANIZATION_IDS),
        closed=frozenset({"input.id"}),
    ),
    "Mutation.createPeople": Case(
        arguments={"input": {"firstname": "New"}},
        ids=_under("input", PERSON_IDS),
        besides=_nested(CONTACT_VALUE, "input"),
        refused={"input.contacts.0.id": "NOT_FOUND", "input.address.0.id": "NOT_FOUND"},
        closed=frozenset({"input.id"}),
    ),
    "Mutation.createPipeline": Case(
        arguments={"input": {"name": "New"}},
        ids=_under("input.stages.0", STAGE_IDS),
        besides={f"input.stages.0.{name}": STAGE_NAME for name in STAGE_IDS},
        refused={
            "input.stages.0.id": "NOT_FOUND",
            "input.stages.0.pipelines_id": "VALIDATION",
            "input.stages.0.pipeline_id": "VALIDATION",
        },
    ),
    "Mutation.createPipelineStage": Case(
        arguments={"input": {"name": "New", "pipelines_id": Key("pipeline")}},
        ids=_under("input", {"id": "stage", "pipelines_id": "pipeline"}),
        closed=frozenset({"input.id"}),
    ),
    "Mutation.createPipelineStage by the other name": Case(
        arguments={"input": {"name": "New", "pipeline_id": Key("pipeline")}},
        ids={"input.pipeline_id": "pipeline"},
    ),
    "Mutation.createTag": Case(arguments={"input": {"name": "New"}}),
    **_of_entities("Mutation.deleteCustomField", {"name": "Segment"}),
    "Mutation.deleteLead": _by_id("lead"),
    "Mutation.deleteOrganization": _by_id("organization"),
    "Mutation.deletePeople": _by_id("person"),
    "Mutation.deletePipeline": _by_id("spare_pipeline"),
    "Mutation.deletePipelineStage": _by_id("spare_stage"),
    "Mutation.deleteTag": _by_id("tag"),
    **_of_entities("Mutation.detachTagFromEntity", {"tag_id": Key("tag")}, tag_id="tag"),
    "Mutation.followLead": Case(
        arguments={"input": {"entity_id": Key("lead")}},
        ids={"input.entity_id": "lead"},
    ),
    "Mutation.followLead for another member": Case(
        arguments={"input": {"entity_id": Key("lead"), "user_id": Key("user")}},
        ids={"input.entity_id": "lead", "input.user_id": "user"},
    ),
    "Mutation.leadWonOrLost": Case(
        arguments={"id": Key("lead"), "input": {"status": "won"}},
        ids={"id": "lead"},
    ),
    "Mutation.removeLeadParticipant": Case(
        arguments={"input": {"lead_id": Key("lead"), "user_id": Key("participant")}},
        ids={"input.lead_id": "lead", "input.user_id": "participant"},
    ),
    "Mutation.removePeopleFromOrganization": _TIE,
    "Mutation.removePeopleFromOrganization several": _TIE_SEVERAL,
    "Mutation.restoreLead": _by_id("deleted_lead"),
    "Mutation.restoreOrganization": _by_id("deleted_organization"),
    "Mutation.restorePeople": _by_id("deleted_person"),
    "Mutation.restorePipeline": _by_id("deleted_pipeline"),
    "Mutation.restorePipelineStage": _by_id("deleted_stage"),
    **_of_entities("Mutation.setCustomField", {"name": "Segment", "value": "A"}),
    "Mutation.unFollowLead": Case(
        arguments={"input": {"entity_id": Key("lead")}},
        ids={"input.entity_id": "lead"},
    ),
    "Mutation.unFollowLead for another member": Case(
        arguments={"input": {"entity_id": Key("lead"), "user_id": Key("follower")}},
        ids={"input.entity_id": "lead", "input.user_id": "follower"},
    ),
    "Mutation.updateLead": Case(
        arguments={"id": Key("lead"), "input": {"title": "New"}},
        ids={"id": "lead", **_under("input", LEAD_IDS)},
        ignored=frozenset({"input.branch_id"}),
    ),
    "Mutation.updateOrganization": Case(
        arguments={"id": Key("organization"), "input": {"name": "New"}},
        ids={"id": "organization", **_under("input", ORGANIZATION_IDS)},
    ),
    "Mutation.updatePeople": Case(
        arguments={"id": Key("person"), "input": {"firstname": "New"}},
        ids={"id": "person", **_under("input", PERSON_IDS)},
        besides=_nested(CONTACT_VALUE, "input"),
    ),
    "Mutation.updatePipeline": Case(
        arguments={"id": Key("pipeline"), "input": {"name": "New"}},
        ids={"id": "pipeline", **_under("input.stages.0", STAGE_IDS)},
        besides={
            "input.stages.0.pipelines_id": STAGE_NAME,
            "input.stages.0.pipeline_id": STAGE_NAME,
        },
    ),
    "Mutation.updatePipelineStage": Case(
        arguments={"id": Key("stage"), "input": {"name": "New"}},
        ids={"id": "stage", **_under("input", STAGE_IDS)},
    ),
    "Mutation.updateTag": Case(
        arguments={"id": Key("tag"), "input": {"name": "New"}},
        ids={"id": "tag"},
    ),
    "Subscription.leadUpdate": Case(arguments={"id": Key("lead")}, ids={"id": "lead"}),
}


def coordinate_of(name: str) -> str:
    """Give the coordinate of the operation that a case is for."""
    return name.partition(" ")[0]
