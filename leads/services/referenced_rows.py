"""All that a lead is made of, or changed to, read by one statement."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Subquery

from crm.actors import Actor
from crm.database.batch_reads import BatchPart, BatchRead
from crm.database.keys import parse_id, parse_uuid
from crm.errors import NotFound
from crm.models import Company, CustomFieldDefinition, EntityKind, User
from crm.models.channels import SocialChannel
from crm.models.lifecycle import LIVE
from crm.services import channels
from crm.services.saving import is_none_given
from leads.models import (
    Lead,
    LeadFollower,
    LeadLostReason,
    LeadParticipant,
    LeadReceiver,
    LeadSource,
    LeadStatus,
    LeadType,
    StageVisit,
)
from people.models import Organization, Person
from pipelines.models import Pipeline, Stage

NAMED = ("id", "company_id", "name")
LIVING = (*NAMED, "deleted_at")
USER = ("id", "username", "displayname")
STAGE = (*LIVING, "pipeline_id", *(f"pipeline__{name}" for name in LIVING))
STATUS = (*NAMED, "category")
RECEIVER = (
    *(*NAMED, "rotation_id", "agent_id", "type_id", "source_id", "agent_may_own"),
    *(f"agent__{name}" for name in USER),
    *(f"{lookup}__{name}" for lookup in ("type", "source") for name in NAMED),
)
COMPANY = ("id", "name", "region", "reason_lost_required", "flag_duplicate_leads", "default_owner_id")
DEFINITION = (*NAMED, "label", "kind", "choices", "required")

#: What the keys of an input name: the rows that the actor sees, and what is read of them.
NAMEABLE: Mapping[str, tuple[Any, Callable[[Actor], Any], tuple[str, ...]]] = {
    "people_id": (
        Person,
        lambda actor: Person.objects.visible_to(actor).with_main_phone(),
        (*LIVING, "firstname", "lastname", "email", "main_phone"),
    ),
    "organization_id": (Organization, Organization.objects.visible_to, LIVING),
    "pipeline_stage_id": (Stage, Stage.objects.visible_to, STAGE),
    "pipeline_id": (Pipeline, Pipeline.objects.visible_to, LIVING),
    "pipelines_id": (Pipeline, Pipeline.objects.visible_to, LIVING),
    "receiver_id": (
        LeadReceiver,
        lambda actor: LeadReceiver.objects.visible_to(actor).with_agent_state(actor.company_id),
        RECEIVER,
    ),
    "status_id": (LeadStatus, LeadStatus.objects.visible_to, STATUS),
    "type_id": (LeadType, LeadType.objects.visible_to, NAMED),
    "source_id": (LeadSource, LeadSource.objects.visible_to, NAMED),
    "lost_reason_id": (LeadLostReason, LeadLostReason.objects.visible_to, (*NAMED, "is_active")),
    "leads_owner_id": (
        User,
        lambda actor: User.objects.visible_to(actor).annotate(
            may_own=Exists(User.objects.assignable_in(actor.company_id).filter(pk=OuterRef("pk")))
        ),
        (*USER, "may_own"),
    ),
}


class ReferencedRows:
    """The rows that an input names, as far as the actor sees them, and those that the rules ask for."""

    def __init__(self, values: Mapping[str, Any], *, actor: Actor, lead: Lead | None = None) -> None:
        """Read them, for a new lead or for one that is stored.

        The lead is given those that it refers to already.
        """
        asked: dict[str, Any] = {}
        for argument, (model, _, _) in NAMEABLE.items():
            key = values.get(argument)
            if not is_none_given(key):
                asked |= _asked(argument, model, key)
        asked |= {"maker": actor.user_id} if lead is None else _of_stored(lead)
        self._rows = _batch.read(actor, **asked)
        [self.company] = self._rows["company"]
        #: The rows that the stored lead refers to.
        self.by_stored_lead: tuple[Model, ...] = ()
        if lead is not None:
            [lead.stage], [lead.status] = self._rows["stage"], self._rows["status"]
            self.by_stored_lead = (lead.stage, lead.status)
            self.attach_to(lead)

    def attach_to(self, lead: Lead) -> None:
        """Give a lead its company and the definitions of its custom fields."""
        lead.company = self.company
        lead.know_definitions(self._rows["definitions"])

    def find(self, argument: str) -> Any:
        """Give the row that a key of the input names.

        :raises NotFound: naming the key, if no such row exists for the actor.
        """
        for row in self._rows.get(argument, ()):
            return row
        raise NotFound(argument)

    def first(self, name: str) -> Any:
        """Give a row that the rules ask for, the oldest of several; None if there is none."""
        return min(self._rows.get(name, ()), key=lambda row: row.pk, default=None)

    @staticmethod
    def may_own(user: User) -> bool:
        """Tell whether a member that the input names may own leads."""
        return bool(user.__dict__["may_own"])

    @property
    def involved(self) -> frozenset[int]:
        """The ids of the participants and followers of a stored lead."""
        return frozenset(tie.user_id for name in ("participants", "followers") for tie in self._rows[name])


def _asked(argument: str, model: Any, key: object) -> dict[str, Any]:
    number = parse_id(key)
    if number is not None:
        return {f"{argument}__pk": number}
    identifier = parse_uuid(key) if hasattr(model, "uuid") else None
    return {} if identifier is None else {f"{argument}__uuid": identifier}


def _of_stored(lead: Lead) -> dict[str, Any]:
    return {
        "lead": lead.pk,
        "stage": lead.stage_id,
        "status": lead.status_id,
        "slug": channels.default_slug(lead),
    }


def _parts(actor: Actor, **asked: Any) -> dict[str, BatchPart]:
    """Give what is read, of the keys and the values by which ``ReferencedRows`` asks."""
    company_id = actor.company_id
    definitions = CustomFieldDefinition.objects.visible_to(actor).filter(model=EntityKind.LEAD.value)
    parts = {
        "company": BatchPart(Company.objects.filter(pk=company_id), COMPANY),
        "definitions": BatchPart(definitions, DEFINITION),
    }
    for argument, (model, visible, columns) in NAMEABLE.items():
        for spelling in ("pk", "uuid"):
            if f"{argument}__{spelling}" in asked:
                rows = visible(actor).filter(**{spelling: asked[f"{argument}__{spelling}"]})
                parts[argument] = BatchPart(rows, columns)
                if model is Pipeline:
                    parts[f"entry_of_{argument}"] = BatchPart(_entries(rows), STAGE)
    return parts | (_parts_of_stored(actor, asked) if "lead" in asked else _parts_of_new(actor, asked))


def _parts_of_new(actor: Actor, asked: Mapping[str, Any]) -> dict[str, BatchPart]:
    company_id = actor.company_id
    receivers = LeadReceiver.objects.default_of(company_id).with_agent_state(company_id)
    return {
        "default_status": BatchPart(LeadStatus.objects.default_of(company_id), STATUS),
        "default_receiver": BatchPart(receivers, RECEIVER),
        "default_stage": BatchPart(_entries(Pipeline.objects.default_of(company_id)), STAGE),
        "maker": BatchPart(User.objects.filter(pk=asked["maker"]), USER),
    }


def _parts_of_stored(actor: Actor, asked: Mapping[str, Any]) -> dict[str, BatchPart]:
    lead, company_id = asked["lead"], actor.company_id
    channel = SocialChannel.objects.filter(company_id=company_id, slug=asked["slug"])
    return {
        # The lead's own rows are not asked whether they are deleted.
        "stage": BatchPart(Stage.objects.filter(company_id=company_id, pk=asked["stage"]), STAGE),
        "status": BatchPart(LeadStatus.objects.filter(company_id=company_id, pk=asked["status"]), STATUS),
        "participants": BatchPart(LeadParticipant.objects.filter(lead_id=lead), ("id", "user_id")),
        "followers": BatchPart(LeadFollower.objects.filter(lead_id=lead), ("id", "user_id")),
        "visit": BatchPart(
            StageVisit.objects.filter(lead_id=lead, left_at=None),
            ("id", "company_id", "lead_id", "stage_id", "entered_at"),
        ),
        "channel": BatchPart(
            channel.filter(object_id=lead, content_type=ContentType.objects.get_for_model(Lead)),
            ("id", "company_id", "name", "slug"),
        ),
    }


def _entries(pipelines: Any) -> Any:
    """Give the first live stage of each pipeline."""
    stages = Stage.objects.filter(LIVE, pipeline=OuterRef("pk")).order_by("weight", "pk")
    first = pipelines.annotate(entry=Subquery(stages.values("pk")[:1])).values("entry")
    return Stage.objects.filter(pk__in=first)


_batch = BatchRead(_parts)
