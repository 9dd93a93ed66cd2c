"""One case for each operation of the schema: legal arguments, and whose row each id among them names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.tenants.world import Side


@dataclass(frozen=True)
class Key:
    """Stands in arguments for the id of a row of the caller's own company."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """Arguments for calling one operation, and the places in them that take an id.

    ``arguments`` succeed for the caller's own rows. ``ids`` gives the kind of row that each place takes; a
    place is tried by setting it in the arguments, together with what ``besides`` says has to stand beside
    it. ``refused`` are places that do not take the own company's row either, with the code of that refusal;
    in those of ``closed`` no id is legal, whatever it is. ``ignored`` are places whose value is never read.
    ``reported`` are places of rows that are refused one by one, by a job or in bulk: own tests try them.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    besides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()


def own_arguments(case: Case, side: Side) -> dict[str, Any]:
    """Return the valid arguments of a case for one company."""
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


EMPLOYMENT_IDS = {"id": "employment", "peoples_id": "person", "organizations_id": "organization"}
PERSON_IDS = {
    "id": "person",
    "company_id": "company",
    "contacts.0.id": "contact",
    "contacts.0.contacts_types_id": "contact_type",
    "address.0.id": "address",
    "organizations_id.0": "organization",
    **{
        f"{name}.0.{place}": kind
        for name in ("employment_history", "peopleEmploymentHistory")
        for place, kind in EMPLOYMENT_IDS.items()
    },
}
#: Positions of a new person are new, and nobody else's.
OF_A_NEW_PERSON = {
    f"{name}.0.{place}": code
    for name in ("employment_history", "peopleEmploymentHistory")
    for place, code in (("id", "NOT_FOUND"), ("peoples_id", "VALIDATION"))
}
CONTACT_VALUE: dict[str, dict[str, Any]] = {
    "contacts.0.contacts_types_id": {"contacts.0.value": "+1-555-0199"},
    **{
        f"{name}.0.{place}": {f"{name}.0.position": "CEO"}
        for name in ("employment_history", "peopleEmploymentHistory")
        for place in ("id", "peoples_id", "organizations_id")
    },
}
ORGANIZATION_IDS = {"id": "organization", "company_id": "company"}
LEAD_IDS = {
    "people_id": "person",
    "organization_id": "organization",
    "leads_owner_id": "user",
    "receiver_id": "receiver",
    "status_id": "status",
    "type_id": "type",
    "source_id": "source",
    "lost_reason_id": "lost_reason",
    "pipelines_id": "pipeline",
    "pipeline_id": "pipeline",
    "pipeline_stage_id": "stage",
    "participants_id.0": "user",
}
RECEIVER_IDS = {
    "agents_id": "user",
    "rotations_id": "rotation",
    "lead_sources_id": "source",
    "lead_types_id": "type",
}
AGENT = {"users_id": Key("user"), "percent": 50}
AGENT_IDS = {"input.agents.0.users_id": "user"}
AWAY = {"starts_at": "2026-01-01T00:00:00+00:00", "ends_at": "2026-01-02T00:00:00+00:00"}
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


def _merged(kind: str) -> Case:
    return Case(
        arguments={"id": Key(kind), "duplicates_id": [Key(f"spare_{kind}")]},
        ids={"id": kind, "duplicates_id.0": f"spare_{kind}"},
    )


def _of_entity(arguments: Mapping[str, Any], entity: str, kind: str, **ids: str) -> Case:
    values = {**arguments, "entity_type": entity, "entity_id": Key(kind)}
    return Case(arguments={"input": values}, ids=_under("input", {**ids, "entity_id": kind}))


ROWS = SimpleUploadedFile("rows.csv", b"firstname\nNew\n")
UPLOAD = SimpleUploadedFile("notes.txt", b"What we agreed on.")
ENTITIES = {"LEAD": "lead", "PEOPLE": "person", "ORGANIZATION": "organization"}


def _of_entities(coordinate: str, arguments: Mapping[str, Any], **ids: str) -> dict[str, Case]:
    return {
        f"{coordinate} {entity}": _of_entity(arguments, entity, kind, **ids)
        for entity, kind in ENTITIES.items()
    }


def _upload_to(kind: str, files: Mapping[str, Any]) -> Case:
    return Case(arguments={"id": Key(kind), **files}, ids={"id": kind})


_TIE = Case(
    arguments={"people_id": Key("person"), "organization_id": Key("organization")},
    ids={"people_id": "person", "organization_id": "organization"},
)
_TIE_SEVERAL = Case(
    arguments={"input": {"organization_id": Key("organization"), "peoples_id": [Key("person")]}},
    ids={"input.organization_id": "organization", "input.peoples_id.0": "person"},
)


def _of_fields(coordinate: str, arguments: Mapping[str, Any]) -> dict[str, Case]:
    return {
        f"{coordinate} {entity}": Case(
            arguments={**arguments, "entity_type": entity, "entity_id": Key(kind)}, ids={"entity_id": kind}
        )
        for entity, kind in ENTITIES.items()
    }


def _of_lookup(name: str, kind: str, **ids: str) -> dict[str, Case]:
    return {
        f"Mutation.create{name}": Case(arguments={"input": {"name": "New"}}, ids=_under("input", ids)),
        f"Mutation.update{name}": Case(
            arguments={"id": Key(kind), "input": {"name": "New"}}, ids={"id": kind, **_under("input", ids)}
        ),
        f"Mutation.delete{name}": Case(
            arguments={"id": Key(f"spare_{kind}")}, ids={"id": f"spare_{kind}", "replacement_id": kind}
        ),
    }


#: By coordinate; words after it tell variants apart, which together cover the places of the operation.
NEW_LEAD_IDS = _under(
    "input",
    {
        "company_id": "company",
        **LEAD_IDS,
        **_under("people", PERSON_IDS),
        **_under("organization", ORGANIZATION_IDS),
    },
)
NEW_LEAD_BESIDES = {
    **_nested(CONTACT_VALUE, "input.people", beside=NESTED_PERSON),
    "input.people.company_id": NESTED_PERSON,
    "input.people.organizations_id.0": NESTED_PERSON,
    "input.people.address.0.id": NESTED_PERSON,
    "input.organization.company_id": {"input.organization.name": "New"},
}
# The contacts and addresses of a new person are new.
NEW_LEAD_REFUSED = {
    "input.people.contacts.0.id": "NOT_FOUND",
    "input.people.address.0.id": "NOT_FOUND",
    **_under("input.people", OF_A_NEW_PERSON),
}

CASES: dict[str, Case] = {
    **_of_fields("Query.customField", {"name": "Segment"}),
    **_of_fields("Query.customFields", {}),
    "Query.absences": Case(),
    "Query.notifications": Case(),
    "Query.unreadNotifications": Case(),
    "Query.notificationPreferences": Case(),
    "Mutation.markNotificationsRead": Case(
        # Each member marks their own.
        arguments={"ids": []},
        ids={"ids.0": "notification"},
    ),
    "Mutation.markAllNotificationsRead": Case(),
    "Mutation.setNotificationPreference": Case(arguments={"kind": "TASK_DUE", "delivery": "MAIL"}),
    "Mutation.updateMe": Case(arguments={"input": {"timezone": "Europe/Madrid"}}),
    "Query.companies": Case(),
    "Query.members": Case(),
    "Mutation.updateCompany": Case(
        arguments={"input": {"name": "New"}}, ids={"input.default_owner_id": "user"}
    ),
    # An id of their own systems, which names no row here.
    "Mutation.inviteMember": Case(
        arguments={"input": {"email": "new@example.com"}}, reported=frozenset({"input.member_id"})
    ),
    "Mutation.resendInvitation": Case(arguments={"user_id": Key("user")}, ids={"user_id": "user"}),
    "Mutation.withdrawInvitation": Case(arguments={"user_id": Key("user")}, ids={"user_id": "user"}),
    "Mutation.updateMember": Case(
        arguments={"user_id": Key("user"), "input": {"role": "MANAGER"}},
        ids={"user_id": "user"},
        ignored=frozenset({"input.member_id"}),
    ),
    "Mutation.deactivateMember": Case(
        arguments={"user_id": Key("user")}, ids={"user_id": "user", "reassign_to_id": "participant"}
    ),
    "Query.leadLostReasons": Case(),
    **_of_lookup("LeadStatus", "status"),
    **_of_lookup("LeadType", "type", companies_id="company"),
    **_of_lookup("LeadSource", "source", companies_id="company", leads_types_id="type"),
    **_of_lookup("LeadLostReason", "lost_reason"),
    "Mutation.reorderLeadStatuses": Case(
        # The spare one stands among them.
        arguments={"ids": [Key(f"status_{number}") for number in range(1, 7)]},
        ids={"ids.0": "status_1"},
        # One alone is not all of them.
        refused={"ids.0": "VALIDATION"},
    ),
    "Mutation.reorderLeadLostReasons": Case(
        # The spare one, and those that a company starts with.
        arguments={"ids": [Key(f"lost_reason_{number}") for number in range(1, 9)]},
        ids={"ids.0": "lost_reason_1"},
        refused={"ids.0": "VALIDATION"},
    ),
    "Mutation.reorderPipelines": Case(
        arguments={"ids": [Key(f"pipeline_{number}") for number in range(1, 4)]},
        ids={"ids.0": "pipeline_1"},
        refused={"ids.0": "VALIDATION"},
    ),
    "Mutation.reorderPipelineStages": Case(
        arguments={"id": Key("pipeline"), "stages_id": [Key("stage"), Key("spare_stage")]},
        ids={"id": "pipeline", "stages_id.0": "stage"},
        refused={"stages_id.0": "VALIDATION"},
    ),
    "Query.peopleRelationships": Case(),
    "Query.peopleCount": Case(),
    "Query.peopleCountByTag": Case(arguments={"tag": "VIP"}),
    "Query.organizationCount": Case(),
    "Mutation.createContact": Case(
        arguments={
            "people_id": Key("person"),
            "input": {"contacts_types_id": Key("contact_type"), "value": "New"},
        },
        ids={"people_id": "person", "input.contacts_types_id": "contact_type", "input.id": "contact"},
        closed=frozenset({"input.id"}),
    ),
    "Mutation.updateContact": Case(
        arguments={"id": Key("contact"), "input": {"value": "New"}},
        ids={"id": "contact", "input.id": "contact", "input.contacts_types_id": "contact_type"},
    ),
    "Mutation.deleteContact": _by_id("contact"),
    "Mutation.createPeopleAddress": Case(
        arguments={"people_id": Key("person"), "input": {"city": "New"}},
        ids={"people_id": "person", "input.id": "address"},
        closed=frozenset({"input.id"}),
    ),
    "Mutation.updatePeopleAddress": Case(
        arguments={"id": Key("address"), "input": {"city": "New"}},
        ids={"id": "address", "input.id": "address"},
    ),
    "Mutation.deletePeopleAddress": _by_id("address"),
    "Mutation.createPeopleEmploymentHistory": Case(
        arguments={"input": {"peoples_id": Key("person"), "position": "CEO"}},
        ids=_under("input", EMPLOYMENT_IDS),
        closed=frozenset({"input.id"}),
    ),
    "Mutation.updatePeopleEmploymentHistory": Case(
        arguments={"id": Key("employment"), "input": {"position": "CEO"}},
        ids={"id": "employment", **_under("input", EMPLOYMENT_IDS)},
    ),
    "Mutation.deletePeopleEmploymentHistory": _by_id("employment"),
    "Mutation.createPeopleRelationship": Case(arguments={"input": {"name": "New"}}),
    "Mutation.updatePeopleRelationship": Case(
        arguments={"id": Key("relationship"), "input": {"name": "New"}}, ids={"id": "relationship"}
    ),
    "Mutation.deletePeopleRelationship": Case(
        arguments={"id": Key("spare_relationship")},
        ids={"id": "spare_relationship", "replacement_id": "relationship"},
    ),
    "Mutation.createContactType": Case(arguments={"input": {"name": "New"}}),
    "Mutation.updateContactType": Case(
        arguments={"id": Key("contact_type"), "input": {"name": "New"}}, ids={"id": "contact_type"}
    ),
    "Mutation.deleteContactType": Case(
        arguments={"id": Key("spare_contact_type")},
        ids={"id": "spare_contact_type", "replacement_id": "contact_type"},
    ),
    "Query.agents": Case(),
    "Query.leadRoutingLogs": Case(),
    "Query.leadsRotations": Case(),
    "Query.simulateLeadRotation": _by_id("rotation"),
    "Query.calendarFeed": Case(),
    "Mutation.createCalendarFeed": Case(),
    "Mutation.revokeCalendarFeed": Case(),
    "Mutation.createAbsence": Case(arguments={"input": AWAY}, ids={"input.user_id": "user"}),
    "Mutation.updateAbsence of another member": Case(
        arguments={"id": Key("absence"), "input": {"reason": "New"}},
        ids={"id": "absence", "input.user_id": "user"},
    ),
    "Mutation.deleteAbsence of another member": _by_id("absence"),
    "Mutation.createLeadRotation": Case(
        arguments={"input": {"name": "New", "agents": [AGENT]}}, ids=AGENT_IDS
    ),
    "Mutation.updateLeadRotation": Case(
        arguments={"id": Key("rotation"), "input": {"name": "New", "agents": [AGENT]}},
        ids={"id": "rotation", **AGENT_IDS},
    ),
    "Mutation.deleteLeadRotation": Case(
        arguments={"id": Key("spare_rotation")},
        ids={"id": "spare_rotation", "replacement_id": "rotation"},
    ),
    "Query.customFieldDefinitions": Case(),
    "Query.contactType": Case(),
    "Query.currentCompany": Case(),
    "Query.lead": _by_id("lead"),
    "Query.leadReceiverKey": _by_id("receiver"),
    "Query.leadReceivers": Case(),
    "Query.leadSources": Case(),
    "Query.leadStatuses": Case(),
    "Query.leadTypes": Case(),
    "Query.leads": Case(),
    "Query.leadCount": Case(),
    "Query.leadsByStage": Case(arguments={"pipeline_id": Key("pipeline")}, ids={"pipeline_id": "pipeline"}),
    "Query.leadsDashboard": Case(),
    "Query.leadsForecast": Case(
        arguments={"from": "2026-01-01", "to": "2026-01-31"},
        ids={"pipeline_id": "pipeline", "owner_id": "user"},
    ),
    # The ids of its fields are in tests/graphql/leads/test_reports.py.
    "Query.leadReport": Case(),
    "Query.importJob": Case(arguments={"uuid": Key("import_job")}, ids={"uuid": "import_job"}),
    "Query.exportJob": Case(arguments={"uuid": Key("export_job")}, ids={"uuid": "export_job"}),
    "Mutation.erasePeople": _by_id("person"),
    "Query.personReport": _by_id("person"),
    "Mutation.exportFile": Case(arguments={"model": "PEOPLE"}),
    "Query.importMappings": Case(),
    "Query.imports": Case(),
    "Query.me": Case(),
    "Query.merges": Case(),
    "Query.organization": _by_id("organization"),
    "Query.organizationDuplicates": Case(),
    "Query.organizations": Case(),
    "Query.people": _by_id("person"),
    "Query.peopleDuplicates": Case(),
    "Query.peoples": Case(),
    "Query.pipeline": _by_id("pipeline"),
    "Query.pipelines": Case(),
    "Query.previewMergeOrganizations": _merged("organization"),
    "Query.previewMergePeople": _merged("person"),
    "Query.receiverAttempts": Case(),
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
    "Mutation.addLeadParticipant of a person": Case(
        arguments={"input": {"lead_id": Key("lead"), "people_id": Key("person")}},
        ids={"input.people_id": "person", "input.relationship_id": "relationship"},
    ),
    "Mutation.createLead": Case(
        arguments={"input": {"title": "New"}},
        ids=NEW_LEAD_IDS,
        besides=NEW_LEAD_BESIDES,
        refused=NEW_LEAD_REFUSED,
        ignored=frozenset({"input.branch_id"}),
    ),
    "Mutation.createLeadReceiver": Case(
        arguments={"input": {"name": "New"}},
        ids=_under("input", RECEIVER_IDS),
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
        refused={
            "input.contacts.0.id": "NOT_FOUND",
            "input.address.0.id": "NOT_FOUND",
            **_under("input", OF_A_NEW_PERSON),
        },
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
    "Mutation.createCustomFieldDefinition": Case(arguments={"input": {"model": "LEAD", "name": "New"}}),
    "Mutation.deleteCustomFieldDefinition": _by_id("definition"),
    "Mutation.createImportMapping": Case(arguments={"input": {"model": "LEAD", "name": "New"}}),
    "Mutation.deleteImportMapping": _by_id("import_mapping"),
    "Mutation.updateImportMapping": Case(
        arguments={"id": Key("import_mapping"), "input": {"name": "New"}}, ids={"id": "import_mapping"}
    ),
    "Mutation.mergeOrganizations": _merged("organization"),
    "Mutation.mergePeople": _merged("person"),
    "Mutation.undoImport": _by_id("import_job"),
    "Mutation.undoMerge": _by_id("merge"),
    "Mutation.updateCustomFieldDefinition": Case(
        arguments={"id": Key("definition"), "input": {"label": "New"}}, ids={"id": "definition"}
    ),
    **_of_entities("Mutation.deleteCustomField", {"name": "Segment"}),
    "Mutation.deleteLead": _by_id("lead"),
    "Mutation.deleteLeads": Case(arguments={"ids": [Key("lead")]}, reported=frozenset({"ids.0"})),
    "Mutation.deletePeoples": Case(arguments={"ids": [Key("person")]}, reported=frozenset({"ids.0"})),
    "Mutation.deleteLeadReceiver": Case(
        arguments={"id": Key("spare_receiver")},
        ids={"id": "spare_receiver", "replacement_id": "receiver"},
    ),
    "Mutation.deleteOrganization": _by_id("organization"),
    "Mutation.deletePeople": _by_id("person"),
    "Mutation.deletePipeline": Case(
        arguments={"id": Key("spare_pipeline")}, ids={"id": "spare_pipeline", "replacement_id": "pipeline"}
    ),
    "Mutation.deletePipelineStage": Case(
        arguments={"id": Key("spare_stage")}, ids={"id": "spare_stage", "replacement_id": "stage"}
    ),
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
    "Mutation.importFile": Case(arguments={"file": ROWS, "model": "PEOPLE"}, ids={"plan": "import_plan"}),
    "Mutation.importPeoples": Case(
        arguments={"input": [{"firstname": "New"}]},
        reported=frozenset(_under("input.0", PERSON_IDS)),
    ),
    "Mutation.leadWonOrLost": Case(
        arguments={"id": Key("lead"), "input": {"status": "lost"}},
        ids={"id": "lead", "input.lost_reason_id": "lost_reason"},
    ),
    "Mutation.removeLeadParticipant": Case(
        arguments={"input": {"lead_id": Key("lead"), "user_id": Key("participant")}},
        ids={"input.lead_id": "lead", "input.user_id": "participant"},
    ),
    "Mutation.removePeopleFromOrganization": _TIE,
    "Mutation.removePeopleFromOrganization several": _TIE_SEVERAL,
    "Mutation.replayReceiverAttempt": _by_id("attempt"),
    "Mutation.replayReceiverAttempts": Case(arguments={"ids": [Key("attempt")]}, ids={"ids.0": "attempt"}),
    "Mutation.removeLeadParticipant of a person": Case(
        arguments={"input": {"lead_id": Key("lead"), "people_id": Key("person")}},
        ids={"input.people_id": "person", "input.relationship_id": "relationship"},
    ),
    "Mutation.restoreLead": _by_id("deleted_lead"),
    "Mutation.restoreLeads": Case(arguments={"ids": [Key("deleted_lead")]}, reported=frozenset({"ids.0"})),
    "Mutation.restorePeoples": Case(
        arguments={"ids": [Key("deleted_person")]}, reported=frozenset({"ids.0"})
    ),
    "Mutation.restoreOrganization": _by_id("deleted_organization"),
    "Mutation.restorePeople": _by_id("deleted_person"),
    "Mutation.restorePipeline": _by_id("deleted_pipeline"),
    "Mutation.restorePipelineStage": _by_id("deleted_stage"),
    **_of_entities("Mutation.setCustomField", {"name": "Segment", "value": "A"}),
    "Mutation.rotateLeadReceiverKey": _by_id("receiver"),
    "Mutation.testLeadReceiver": Case(
        arguments={"id": Key("receiver"), "payload": {"firstname": "New"}}, ids={"id": "receiver"}
    ),
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
    "Mutation.updateLeads": Case(
        arguments={"ids": [Key("lead")], "changes": {"title": "New"}},
        reported=frozenset({"ids.0", *_under("changes", LEAD_IDS)}),
        ignored=frozenset({"changes.branch_id"}),
    ),
    "Mutation.updateLeadReceiver": Case(
        arguments={"id": Key("receiver"), "input": {"name": "New"}},
        ids={"id": "receiver", **_under("input", RECEIVER_IDS)},
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
    **_of_fields("Query.entityFiles", {}),
    **_of_entities("Mutation.attachFile", {"filesystem_uuid": Key("file")}, filesystem_uuid="file"),
    "Mutation.attachFileToLead": _upload_to("lead", {"file": UPLOAD}),
    "Mutation.attachFileToOrganization": _upload_to("organization", {"file": UPLOAD}),
    "Mutation.attachFileToPeople": _upload_to("person", {"file": UPLOAD}),
    "Mutation.attachFilesToLead": _upload_to("lead", {"files": [UPLOAD]}),
    "Mutation.attachFilesToOrganization": _upload_to("organization", {"files": [UPLOAD]}),
    "Mutation.attachFilesToPeople": _upload_to("person", {"files": [UPLOAD]}),
    "Mutation.deAttachFile": Case(
        arguments={"uuid": Key("file"), "entity_type": "LEAD", "entity_id": Key("lead")},
        ids={"uuid": "file", "entity_id": "lead"},
    ),
    "Mutation.deAttachFiles": Case(
        arguments={"uuids": [Key("file")], "entity_type": "LEAD", "entity_id": Key("lead")},
        ids={"entity_id": "lead"},
    ),
    "Mutation.multiUpload": Case(arguments={"files": [UPLOAD]}),
    "Mutation.upload": Case(arguments={"file": UPLOAD}),
    "Mutation.upsertLead": Case(
        arguments={"input": {"title": "New", "external_id": "1", "external_source": "other"}},
        ids=NEW_LEAD_IDS,
        besides=NEW_LEAD_BESIDES,
        refused=NEW_LEAD_REFUSED,
        ignored=frozenset({"input.branch_id"}),
    ),
    "Mutation.upsertOrganization": Case(
        arguments={"input": {"name": "New"}},
        ids=_under("input", ORGANIZATION_IDS),
    ),
    "Mutation.upsertPeople": Case(
        arguments={"input": {"firstname": "New"}},
        ids=_under("input", PERSON_IDS),
        besides=_nested(CONTACT_VALUE, "input"),
        # The contacts and addresses of a person who is not known yet are new.
        refused={
            "input.contacts.0.id": "NOT_FOUND",
            "input.address.0.id": "NOT_FOUND",
            **_under("input", OF_A_NEW_PERSON),
        },
    ),
    **_of_fields("Query.activities", {}),
    "Query.tasks": Case(),
    "Query.myDay": Case(),
    "Query.channelMessages": Case(
        arguments={"channel_uuid": Key("channel")}, ids={"channel_uuid": "channel"}
    ),
    "Query.socialChannels": Case(),
    **_of_fields("Query.timeline", {}),
    "Mutation.attachUserToSocialChannel": Case(
        arguments={"input": {"channel_id": Key("channel"), "user_id": Key("user")}},
        ids={"input.channel_id": "channel", "input.user_id": "user"},
    ),
    "Mutation.completeTask": _by_id("task"),
    **_of_entities(
        "Mutation.createActivity",
        {"text": "New", "kind": "CALL"},
        **{"assignee_id": "user", "participants_id.0": "user", "people_participants_id.0": "person"},
    ),
    "Mutation.createMessage": Case(
        arguments={"input": {"message": "New", "channel_id": Key("channel")}},
        ids={"input.channel_id": "channel", "input.parent_id": "message"},
    ),
    "Mutation.createMessage in several channels": Case(
        arguments={
            "input": {
                "message": "New",
                "distribution": {
                    "distributionType": "Channels",
                    "channels": [Key("channel")],
                    "followers": [Key("user")],
                },
            }
        },
        ids={"input.distribution.channels.0": "channel", "input.distribution.followers.0": "user"},
    ),
    **_of_entities("Mutation.createSocialChannel", {"name": "New"}),
    "Mutation.deleteActivity": _by_id("note"),
    "Mutation.deleteMessage": _by_id("message"),
    "Mutation.deleteSocialChannel": _by_id("spare_channel"),
    "Mutation.detachUserToSocialChannel": Case(
        arguments={"channel_id": Key("spare_channel"), "user_id": Key("participant")},
        ids={"channel_id": "spare_channel", "user_id": "participant"},
    ),
    "Mutation.reopenTask": _by_id("done_task"),
    "Mutation.restoreActivity": _by_id("deleted_note"),
    "Mutation.updateActivity": Case(
        arguments={"id": Key("meeting"), "input": {"text": "New"}},
        ids={
            "id": "meeting",
            "input.entity_id": "lead",
            "input.assignee_id": "user",
            "input.participants_id.0": "user",
            "input.people_participants_id.0": "person",
        },
        besides={"input.entity_id": {"input.entity_type": "LEAD"}},
    ),
    "Mutation.updateMessage": Case(
        arguments={"id": Key("message"), "input": {"message": "New"}}, ids={"id": "message"}
    ),
    "Mutation.updateSocialChannel": Case(
        arguments={"id": Key("channel"), "input": {"name": "New"}},
        ids={"id": "channel", "input.entity_id": "lead"},
        besides={"input.entity_id": {"input.entity_type": "LEAD"}},
    ),
    # Cursors are no ids of rows.
    "Subscription.notification": Case(reported=frozenset({"after"})),
    "Query.leadEvents": Case(reported=frozenset({"after"})),
    "Query.recordEvents": Case(reported=frozenset({"after"})),
    "Subscription.recordUpdate": Case(reported=frozenset({"after"})),
    "Subscription.leadUpdate": Case(
        arguments={"id": Key("lead")}, ids={"id": "lead"}, reported=frozenset({"after"})
    ),
}


def coordinate_of(name: str) -> str:
    """Return the coordinate of a case's operation."""
    return name.partition(" ")[0]
