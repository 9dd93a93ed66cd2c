"""Two companies with the same names, e-mails and tags, and what of the database is whose."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.utils import timezone

from crm.actors import Role
from crm.importing.jobs import start_job
from crm.importing.uploads import start_file_job
from crm.models import Activity, DuplicatePolicy, MessageFile, Notification, SocialChannel
from crm.services.activities import complete_task, create_activity, delete_activity
from crm.services.channels import create_channel
from crm.services.members import add_member
from crm.services.messages import create_message
from leads.models import Lead, LeadLostReason, LeadReceiver, LeadSource, LeadStatus, LeadType
from leads.models.lead import LeadFile
from leads.services.involvement import add_person, follow_lead
from leads.services.leads import create_lead, delete_lead
from leads.services.receiver_attempts import receive
from leads.services.receivers import create_receiver
from leads.services.rotations import create_rotation
from people.models import Address, ContactType, PeopleRelationship, Person
from people.models.organizations import OrganizationFile
from people.models.person import PersonFile
from people.services.merging import merge
from people.services.organizations import create_organization, delete_organization
from people.services.people import create_person, delete_person
from people.services.unmerging import undo_merge
from pipelines.models import Pipeline, Stage
from pipelines.services.pipelines import create_pipeline, delete_pipeline
from pipelines.services.stages import delete_stage
from tests.factories.crm import FilesystemFactory, Tenant, UserFactory, tenant
from tests.rows.registry import kind_of, new_rows
from tests.stored import State, columns_of, models, read_all

#: Stands in texts of the other company alone: an answer that holds it has leaked.
MARK = "contoso"
LOOKUPS: tuple[type[Model], ...] = (
    ContactType,
    LeadLostReason,
    LeadSource,
    LeadStatus,
    LeadType,
    PeopleRelationship,
)
TAGS: Any = [{"name": "VIP"}]

Keys = dict[str, set[Any]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One company: a row of each kind, and the keys of all its rows by table."""

    tenant: Tenant
    rows: dict[str, Model]
    keys: Keys

    def key(self, kind: str) -> str:
        return str(self.rows[kind].pk)


@dataclass(frozen=True, kw_only=True)
class World:
    own: Side
    other: Side


def rows_of(side: Side, state: State) -> State:
    """Return the rows of these tables that belong to a company, or point at a row of it."""
    return {
        model._meta.db_table: [row for row in state[model._meta.db_table] if _belongs(model, row, side.keys)]
        for model in models()
        if model._meta.db_table in state
    }


def _belongs(model: type[Model], row: tuple[Any, ...], keys: Keys) -> bool:
    for field, value in zip(columns_of(model), row, strict=True):
        target = field.related_model if field.is_relation else model if field.primary_key else None
        if target is not None and value in keys.get(target._meta.db_table, ()):
            return True
    return False


def make_world() -> World:
    """Make two companies that look alike, and a user who is a member of both."""
    both = UserFactory(username="both", displayname="Both")
    own = _make_side("Northwind", both=both, role=Role.AGENT)
    other = _make_side("Contoso", both=both, role=Role.ADMIN)
    return World(own=own, other=other)


def _make_side(name: str, *, both: Any, role: Role) -> Side:
    before = read_all()
    made = tenant(name)
    add_member(made.company, both, role)
    rows = _fill(made)
    # Whatever a service writes to an open lead takes the reason away.
    Lead.objects.filter(company=made.company).update(lost_reason=rows["lost_reason"])
    keys: Keys = defaultdict(set)
    for table, stored in read_all().items():
        keys[table] = {row[0] for row in stored} - {row[0] for row in before[table]}
    # What all companies share came with the first one, and belongs to none.
    keys["people_contacttype"] = {rows["contact_type"].pk, rows["spare_contact_type"].pk}
    return Side(tenant=made, rows=rows, keys=keys)


def _fill(made: Tenant) -> dict[str, Any]:
    company, actor = made.company, made.actors.admin
    mark = f"Only {company.name} knows"
    custom_fields: Any = [{"name": "Segment", "value": mark}]
    for member, user in made.users.items():
        user.displayname = member.capitalize()
        user.save()
    colleague = made.users["colleague"]
    contact_type = new_rows(made, mark).make(ContactType, name="Fax")
    organization_values: Any = {
        "name": "Acme Corp",
        "email": "info@acme.example",
        "tags": TAGS,
        "custom_fields": custom_fields,
    }
    # Of each record there are two that may be the same.
    organization, same_organization = (
        create_organization(organization_values, actor=actor) for _ in range(2)
    )
    person_values: Any = {
        "firstname": "Jane",
        "lastname": "Doe",
        "email": "jane@example.com",
        "dob": date(1990, 1, 31),
        "contacts": [
            {"contacts_types_id": contact_type.pk, "value": "+1-555-0101"},
            {"contacts_types_id": contact_type.pk, "value": mark},
        ],
        "address": [{"city": "New York", "address": mark}],
        "organizations_id": [organization.pk],
        "employment_history": [{"position": mark, "organizations_id": organization.pk}],
        "tags": TAGS,
        "custom_fields": custom_fields,
    }
    person, same_person = (create_person(person_values, actor=actor) for _ in range(2))
    pipeline = create_pipeline(
        {"name": "Partners", "description": mark, "stages": [{"name": "First"}, {"name": "Second"}]},
        actor=actor,
    )
    stage, spare_stage = Stage.objects.visible_to(actor).filter(pipeline=pipeline).order_by("pk")
    spare_pipeline = create_pipeline({"name": "Spare", "stages": [{"name": "First"}]}, actor=actor)
    # None is the default, so that a raw write can put them beside another person's.
    Address.objects.update(is_default=False)
    receiver = LeadReceiver.objects.default_of(company.pk).get()
    LeadReceiver.objects.filter(pk=receiver.pk).update(user=colleague, source_name=mark)
    lead_values: Any = {
        "title": "Enterprise deal",
        "description": mark,
        "people_id": person.pk,
        "organization_id": organization.pk,
        "leads_owner_id": colleague.pk,
        "pipeline_stage_id": stage.pk,
        "participants_id": [made.users["agent"].pk],
        "tags": TAGS,
        "custom_fields": custom_fields,
        "amount": Decimal("1000.00"),
        "currency": "EUR",
        "expected_close_on": date(2026, 12, 31),
        "probability": 40,
    }
    lead, same_lead = (create_lead(lead_values, actor=actor) for _ in range(2))
    relationship = new_rows(made, mark)[PeopleRelationship]
    for about in (lead, same_lead):
        add_person(about.pk, person.pk, actor=actor, relationship_key=relationship.pk)
    # A moment in every column that lists compare.
    lead.closed_at = lead.stage_changed_at
    lead.save(update_fields=["closed_at"])
    for followed in (lead, same_lead):
        follow_lead(followed.pk, actor=actor, user_key=made.users["manager"].pk)
    for model, record in (
        (PersonFile, person),
        (PersonFile, same_person),
        (OrganizationFile, organization),
        (OrganizationFile, same_organization),
        (LeadFile, lead),
        (LeadFile, same_lead),
    ):
        file = FilesystemFactory(company=company, name=mark)
        link: Any = {model.__name__.removesuffix("File").lower(): record}
        model(company=company, file=file, **link).save()
    # A raw write can then put another user into it.
    company.memberships.filter(user=colleague).update(is_default=False)
    company.default_owner = colleague
    company.save()
    named: dict[str, Any] = {
        "membership": company.memberships.get(user=colleague),
        "user": colleague,
        "participant": made.users["agent"],
        "follower": made.users["manager"],
        "contact_type": contact_type,
        "organization": organization,
        "person": person,
        "contact": person.contacts.filter(type=contact_type).first(),
        "address": person.addresses.get(),
        "employment": person.employments.get(),
        "relationship": relationship,
        "pipeline": pipeline,
        "stage": stage,
        "spare_pipeline": spare_pipeline,
        "spare_stage": spare_stage,
        "receiver": receiver,
        "spare_receiver": create_receiver({"name": "Spare", "source_name": mark}, actor=actor),
        "lead": lead,
        "status": lead.status,
        "type": lead.type,
        "source": lead.source,
        "tag": lead.tags.get(),
        "people_participant": lead.people_participations.get(),
        "lead_participant": lead.participations.first(),
        "lead_follower": lead.followings.first(),
        "stage_visit": lead.stage_visits.get(),
        "channel": lead.channels.get(),
        "channel_member": lead.channels.get().members.first(),
        "file": lead.file_links.get().file,
        "lead_file": lead.file_links.get(),
        "person_file": person.file_links.get(),
        "organization_file": organization.file_links.get(),
        **_routed(made, lead, receiver, mark),
        "attempt": _refused_attempt(receiver, mark),
        "import_job": _import_job(actor, mark),
        "import_plan": _import_plan(actor),
        **_merged(made),
        **_discussed(made, lead, mark, [person, same_person, organization, same_organization, same_lead]),
    }
    rows = {**named, **_registered(made, mark, named), **_deleted(made)}
    _notify(made, mark)
    return rows


def _notify(made: Tenant, mark: str) -> None:
    """Tell the administrator of every note and task, so that each relation of one is reached."""
    for activity in Activity.objects.filter(company=made.company, deleted_at=None):
        Notification(
            company=made.company,
            user=made.users["admin"],
            kind="MENTIONED",
            content_type=activity.content_type,
            object_id=activity.object_id,
            activity=activity,
            by=made.users["colleague"],
            text=mark,
            key=f"activity:{activity.pk}",
            delivery="IN_APP",
        ).save()


def _registered(made: Tenant, mark: str, named: dict[str, Any]) -> dict[str, Any]:
    """Return rows of the registry where services made none, a spare row of each lookup, and ordered lists."""
    rows = new_rows(made, mark)
    rows.adopt(*(row for kind, row in named.items() if kind == kind_of(type(row))))
    registered = {kind_of(model): row for model, row in rows.all().items()}
    spares = {f"spare_{kind_of(model)}": rows.make(model, name="Spare") for model in LOOKUPS}
    return {
        **registered,
        **spares,
        **_numbered("status", LeadStatus, made.company),
        **_numbered("lost_reason", LeadLostReason, made.company),
        **_numbered("pipeline", Pipeline, made.company),
    }


def _discussed(made: Tenant, lead: Any, mark: str, others: list[Any]) -> dict[str, Any]:
    agent = made.actors.agent
    for other in others:
        values: Any = {"entity_type": other.entity_kind, "entity_id": other.pk, "kind": "TASK", "text": mark}
        values["assignee_id"] = made.users["colleague"].pk
        complete_task(create_activity(values, actor=agent).pk, actor=agent)
        for channel in SocialChannel.objects.visible_to(agent).filter(
            object_id=other.pk, slug=str(other.uuid)
        ):
            create_message({"channel_id": channel.pk, "message": mark}, actor=agent)
    about: Any = {"entity_type": "LEAD", "entity_id": lead.pk}
    said_note: Any = {**about, "text": mark}
    spare: Any = {**about, "name": "Spare", "description": mark}
    task: Any = {**about, "kind": "TASK", "text": mark, "assignee_id": made.users["colleague"].pk}
    task["due_at"] = timezone.now() + timedelta(days=2)
    said = create_message({"channel_id": lead.channels.get().pk, "message": mark}, actor=agent)
    note, deleted = (create_activity(said_note, actor=agent) for _ in range(2))
    delete_activity(deleted.pk, actor=agent)
    answer = create_message(
        {"channel_id": said.channel_id, "parent_id": said.pk, "message": mark}, actor=agent
    )
    file = FilesystemFactory(company=made.company, name=mark)
    link = MessageFile(company=made.company, file=file, message=answer)
    link.save()
    rows = {
        "message": answer,
        "message_file": link,
        "spare_channel": create_channel(spare, actor=agent),
        "note": note,
        "deleted_note": deleted,
        "task": create_activity(task, actor=agent),
        "meeting": create_activity(_meeting(about, made, mark, others[0]), actor=agent),
        "done_task": complete_task(create_activity(task, actor=agent).pk, actor=agent),
    }
    # What happened last to each record and what comes next have people who take part.
    for record in (*others, lead):
        met = _meeting({"entity_type": record.entity_kind, "entity_id": record.pk}, made, mark, others[0])
        complete_task(create_activity(met, actor=agent).pk, actor=agent)
        tomorrow = timezone.now() + timedelta(days=1)
        call: Any = {**met, "kind": "CALL", "direction": "OUT", "minutes": 30, "starts_at": tomorrow}
        call["remind_at"] = tomorrow
        create_activity(call, actor=agent)
    return rows


def _meeting(about: Any, made: Tenant, mark: str, person: Any) -> Any:
    return {
        **about,
        "kind": "MEETING",
        "subject": mark,
        "outcome": mark,
        "assignee_id": made.users["colleague"].pk,
        "participants_id": [made.users["colleague"].pk],
        "people_participants_id": [person.pk],
    }


def _numbered(kind: str, model: Any, company: Any) -> dict[str, Any]:
    """Return the rows of a model in a company by kind and number, in the order of their ids."""
    rows = model.objects.filter(company=company).order_by("pk")
    return {f"{kind}_{number}": row for number, row in enumerate(rows, 1)}


def _routed(made: Tenant, lead: Any, receiver: LeadReceiver, mark: str) -> dict[str, Any]:
    colleague, actor = made.users["colleague"], made.actors.admin
    agents: Any = [{"users_id": colleague.pk, "percent": 100, "phone": mark}]
    rotation, spare = (
        create_rotation({"name": name, "agents": agents}, actor=actor) for name in ("Inbound", "Spare")
    )
    LeadReceiver.objects.filter(pk=receiver.pk).update(rotation=rotation)
    log = lead.routing_logs.get()
    log.rotation, log.attempt = rotation, _delivered_attempt(receiver, lead, colleague)
    log.save()
    return {
        "rotation": rotation,
        "spare_rotation": spare,
        "rotation_agent": rotation.agents.get(),
        "routing_log": log,
        "delivered_attempt": log.attempt,
    }


def _refused_attempt(receiver: LeadReceiver, mark: str) -> Any:
    payload = {"firstname": mark, "title": "x" * 256}
    refused = receive(receiver, payload, key=None)
    # A later change of the rules would let it in.
    refused.payload = {**payload, "title": "Enterprise deal"}
    refused.save()
    return refused


def _delivered_attempt(receiver: LeadReceiver, lead: Any, user: Any) -> Any:
    delivered = receive(receiver, {"title": "x" * 257}, key=str(lead.uuid))
    delivered.lead, delivered.status, delivered.replayed_by = lead, "PROCESSED", user
    delivered.save()
    return delivered


def _import_job(actor: Any, mark: str) -> Any:
    rows = [{"email": mark}]
    policy = DuplicatePolicy.UPDATE
    return start_job("PEOPLE", rows, actor=actor, on_duplicate=policy, dry_run=False)


def _import_plan(actor: Any) -> Any:
    """Make a dry run of the file that the case of importFile uploads."""
    file = SimpleUploadedFile("rows.csv", b"firstname\nNew\n")
    policy = DuplicatePolicy.UPDATE
    return start_file_job(file, "PEOPLE", actor=actor, mapping=None, on_duplicate=policy, dry_run=True)


def _merged(made: Tenant) -> dict[str, Any]:
    actor = made.actors.admin
    spare: Any = {"firstname": "Spare"}
    person, same = (create_person(spare, actor=actor) for _ in range(2))
    _, undone = merge(Person, person.pk, [same.pk], actor=actor)
    undone = undo_merge(undone.pk, actor=actor)
    _, done = merge(Person, person.pk, [same.pk], actor=actor)
    organization = create_organization({"name": "Spare"}, actor=actor)
    return {"merge": done, "undone_merge": undone, "spare_person": person, "spare_organization": organization}


def _deleted(made: Tenant) -> dict[str, Any]:
    actor = made.actors.admin
    person = create_person({"firstname": "Gone"}, actor=actor)
    delete_person(person.pk, actor=actor)
    organization = create_organization({"name": "Gone"}, actor=actor)
    delete_organization(organization.pk, actor=actor)
    lead = create_lead({"title": "Gone"}, actor=actor)
    delete_lead(lead.pk, actor=actor)
    pipeline = create_pipeline({"name": "Gone", "stages": [{"name": "Gone"}]}, actor=actor)
    delete_pipeline(pipeline.pk, actor=actor)
    default = Pipeline.objects.default_of(made.company.pk).get()
    stage = Stage.objects.visible_to(actor).filter(pipeline=default).order_by("-pk")[0]
    delete_stage(stage.pk, actor=actor)
    return {
        "deleted_person": person,
        "deleted_organization": organization,
        "deleted_lead": lead,
        "deleted_pipeline": pipeline,
        "deleted_stage": stage,
    }
