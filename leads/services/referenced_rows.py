"""Read every row that a lead's input refers to, and those that the rules need, by one statement.

docs/adr/0012 says why: rows that are read one at a time were most of the time of a createLead.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Self

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery

from crm.actors import Actor
from crm.database.batch_reads import BatchPart, BatchRead
from crm.database.keys import parse_id, parse_uuid
from crm.database.read_once import is_reading_once, once
from crm.database.rows_ahead import kept_row
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
from leads.services.rows_of_known_leads import rows_of_known_lead
from people.models import Organization, Person
from pipelines.models import Pipeline, Stage

# The columns that are read of each model: what the rules, the history and a plain answer need. Any other
# column is deferred, so that forgetting one here costs a statement and never a wrong value.
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
COMPANY = (
    *("id", "name", "region", "currency", "amount_custom_field"),
    *("reason_lost_required", "flag_duplicate_leads", "default_owner_id"),
)
DEFINITION = (*NAMED, "name_key", "label", "kind", "choices", "required")

#: The keys of rows by name: those of an input, or those of a lead's own rows.
Keys = Mapping[str, Any]


class Reference(NamedTuple):
    """An argument of the input that refers to a row: the model, its visible rows, and the columns to read."""

    model: type[Model]
    visible_to: Callable[[Actor], QuerySet[Any]]
    columns: Sequence[str]


REFERENCES: Mapping[str, Reference] = {
    "people_id": Reference(
        Person,
        lambda actor: Person.objects.visible_to(actor).with_main_phone(),
        (*LIVING, "firstname", "lastname", "email", "main_phone"),
    ),
    "organization_id": Reference(Organization, Organization.objects.visible_to, LIVING),
    "pipeline_stage_id": Reference(Stage, Stage.objects.visible_to, STAGE),
    "pipeline_id": Reference(Pipeline, Pipeline.objects.visible_to, LIVING),
    "pipelines_id": Reference(Pipeline, Pipeline.objects.visible_to, LIVING),
    "receiver_id": Reference(
        LeadReceiver,
        lambda actor: LeadReceiver.objects.visible_to(actor).with_agent_state(actor.company_id),
        RECEIVER,
    ),
    "status_id": Reference(LeadStatus, LeadStatus.objects.visible_to, STATUS),
    "type_id": Reference(LeadType, LeadType.objects.visible_to, NAMED),
    "source_id": Reference(LeadSource, LeadSource.objects.visible_to, NAMED),
    "lost_reason_id": Reference(LeadLostReason, LeadLostReason.objects.visible_to, (*NAMED, "is_active")),
    "leads_owner_id": Reference(
        User,
        lambda actor: User.objects.visible_to(actor).annotate(
            may_own=Exists(User.objects.assignable_in(actor.company_id).filter(pk=OuterRef("pk")))
        ),
        (*USER, "may_own"),
    ),
}


class ReferencedRows:
    """The rows that an input refers to and that its actor may see, and the rows that the rules need."""

    def __init__(self, rows: Mapping[str, Sequence[Any]]) -> None:
        self._rows = rows
        [company] = rows["company"]
        self.company: Company = company
        # For a new lead; "default_stage" is the first stage of the default pipeline.
        self.creator: User | None = self._oldest("creator")
        self.default_receiver: LeadReceiver | None = self._oldest("default_receiver")
        self.default_stage: Stage | None = self._oldest("default_stage")
        self.default_status: LeadStatus | None = self._oldest("default_status")
        # Of a stored lead; "open_visit" is the visit to its present stage.
        self.default_channel: SocialChannel | None = self._oldest("default_channel")
        self.open_visit: StageVisit | None = self._oldest("open_visit")
        self.involved = frozenset(
            row.user_id for name in ("participants", "followers") for row in rows.get(name, ())
        )

    @classmethod
    def fetch(cls, values: Keys, *, actor: Actor, lead: Lead | None = None) -> Self:
        """Read the rows for a new lead, or for a stored one that the values change.

        :param lead: the stored one; it gets its stage, its status and its company from what is read.
        """
        keys = dict(_reference_keys(values))
        if lead is None and is_reading_once():
            return cls(_read_once(keys, actor))
        if lead is not None and kept_row(Lead, lead.pk) is not None:
            rows = cls({**_read_once(keys, actor), **rows_of_known_lead(lead)})
        else:
            keys |= {"creator": actor.user_id} if lead is None else _keys_of_stored(lead)
            rows = cls(_batch.read(actor, **keys))
        if lead is not None:
            lead.stage, lead.status = rows.stored_stage_and_status
            rows.attach_to(lead)
        return rows

    def attach_to(self, lead: Lead) -> None:
        """Set a lead's company and the definitions of its custom fields, so that no rule reads them again."""
        lead.company = self.company
        lead.set_definitions(self._rows["definitions"])

    def find(self, argument: str) -> Any:
        """Return the row that an argument of the input refers to."""
        for row in self._rows.get(argument, ()):
            return row
        raise NotFound(argument)

    def _oldest(self, name: str) -> Any:
        # No constraint limits the default channel to one: two first messages may open it at the same time.
        return min(self._rows.get(name, ()), key=lambda row: row.pk, default=None)

    @property
    def stored_stage_and_status(self) -> tuple[Stage, LeadStatus]:
        """The stage and the status of a stored lead before its change."""
        [stage], [status] = self._rows["stage"], self._rows["status"]
        return stage, status

    def first_stage_of(self, argument: str) -> Stage | None:
        """Return the first stage of the pipeline that an argument of the input refers to."""
        stage: Stage | None = self._oldest(f"first_stage_of_{argument}")
        return stage


def _read_once(keys: Keys, actor: Actor) -> dict[str, Sequence[Any]]:
    """Return the rows that a lead of a batch refers to, whose leads refer to the same rows."""
    company_id, creator = actor.company_id, actor.user_id
    read = partial(_batch.read, actor, creator=creator)
    rows: dict[str, Sequence[Any]] = {**once((company_id, "rows of new leads"), read)}
    for name, key in keys.items():
        rows.update(once((company_id, name, key), partial(read, **{name: key})))
    return rows


def read_referenced_ahead(argument: str, keys: Collection[int], *, actor: Actor) -> None:
    """Read the rows that new leads of a batch refer to by an argument, by one statement."""
    if not keys:
        return
    _, visible_to, columns = REFERENCES[argument]
    own = [column for column in columns if column != "main_phone"]
    for row in visible_to(actor).filter(pk__in=keys).only(*own):
        once((actor.company_id, f"{argument}__pk", row.pk), partial(dict, {argument: [row]}))


def _reference_keys(values: Keys) -> Iterator[tuple[str, object]]:
    """Yield the keys that an input names, each with its argument and its kind, ``pk`` or ``uuid``."""
    for argument, reference in REFERENCES.items():
        key = values.get(argument)
        if is_none_given(key):
            continue
        number = parse_id(key)
        if number is not None:
            yield f"{argument}__pk", number
        elif hasattr(reference.model, "uuid") and (identifier := parse_uuid(key)) is not None:
            yield f"{argument}__uuid", identifier
        # Any other key names no row: nothing is read, and ``find`` raises NotFound.


def _keys_of_stored(lead: Lead) -> dict[str, object]:
    return {
        "lead": lead.pk,
        "stage": lead.stage_id,
        "status": lead.status_id,
        "slug": channels.default_slug(lead),
    }


def _parts(actor: Actor, **keys: Any) -> dict[str, BatchPart]:
    """Build the parts of the statement; the keys are symbols where it is compiled to be kept."""
    company_id = actor.company_id
    definitions = CustomFieldDefinition.objects.visible_to(actor).filter(model=EntityKind.LEAD.value)
    parts = {
        "company": BatchPart(Company.objects.filter(pk=company_id), COMPANY),
        "definitions": BatchPart(definitions, DEFINITION),
    }
    for argument, reference in REFERENCES.items():
        for kind in ("pk", "uuid"):
            if f"{argument}__{kind}" in keys:
                rows = reference.visible_to(actor).filter(**{kind: keys[f"{argument}__{kind}"]})
                parts[argument] = BatchPart(rows, tuple(reference.columns))
                if reference.model is Pipeline:
                    parts[f"first_stage_of_{argument}"] = BatchPart(_first_stages(rows), STAGE)
    return parts | (_parts_of_stored(company_id, keys) if "lead" in keys else _parts_of_new(company_id, keys))


def _parts_of_new(company_id: int, keys: Keys) -> dict[str, BatchPart]:
    receivers = LeadReceiver.objects.default_of(company_id).with_agent_state(company_id)
    return {
        "default_status": BatchPart(LeadStatus.objects.default_of(company_id), STATUS),
        "default_receiver": BatchPart(receivers, RECEIVER),
        "default_stage": BatchPart(_first_stages(Pipeline.objects.default_of(company_id)), STAGE),
        "creator": BatchPart(User.objects.filter(pk=keys["creator"]), USER),
    }


def _parts_of_stored(company_id: int, keys: Keys) -> dict[str, BatchPart]:
    lead = keys["lead"]
    channel = SocialChannel.objects.filter(company_id=company_id, slug=keys["slug"])
    return {
        # A lead keeps a stage that was deleted, so these are read whether they are deleted or not.
        "stage": BatchPart(Stage.objects.filter(company_id=company_id, pk=keys["stage"]), STAGE),
        "status": BatchPart(LeadStatus.objects.filter(company_id=company_id, pk=keys["status"]), STATUS),
        "participants": BatchPart(LeadParticipant.objects.filter(lead_id=lead), ("id", "user_id")),
        "followers": BatchPart(LeadFollower.objects.filter(lead_id=lead), ("id", "user_id")),
        "open_visit": BatchPart(
            StageVisit.objects.filter(lead_id=lead, left_at=None),
            ("id", "company_id", "lead_id", "stage_id", "entered_at"),
        ),
        "default_channel": BatchPart(
            channel.filter(object_id=lead, content_type=ContentType.objects.get_for_model(Lead)),
            ("id", "company_id", "name", "slug"),
        ),
    }


def _first_stages(pipelines: QuerySet[Pipeline]) -> QuerySet[Stage]:
    """Return the first live stage of each pipeline."""
    stages = Stage.objects.filter(LIVE, pipeline=OuterRef("pk")).order_by("weight", "pk")
    first = pipelines.annotate(entry=Subquery(stages.values("pk")[:1])).values("entry")
    return Stage.objects.filter(pk__in=first)


_batch = BatchRead(_parts)
