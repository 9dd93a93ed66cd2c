"""Types of leads and their lookups."""

import graphene
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from graphene_django import DjangoObjectType

from crm.graphql.activity_types import Activity, latest_activity, next_activity
from crm.graphql.conversation_types import SocialChannel
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.fields import Attribute, Computed, Derived, Related, count_by
from crm.graphql.core.list_fields import DEFAULT_FIRST, BatchedList, RelatedList
from crm.graphql.core.scalars import JSON, Date, Decimal, Mixed
from crm.graphql.types import Company, CustomFields, Filesystem, Tag, User, external_id, external_source
from leads import models
from leads.graphql.participants import LeadsParticipants
from leads.graphql.rotation_types import LeadRotation
from leads.graphql.stage_history import LeadStageVisit
from leads.mail.addresses import receiver_address
from leads.models.deal_value import win_probability
from leads.models.rotting import REASON_COLUMNS, rotting_flag, rotting_reason
from leads.services.duplicates import duplicates_of_leads
from leads.services.lead_input import TEXTS
from people.graphql.types import Organization, People
from people.services.duplicates import MOST_LISTED
from pipelines.graphql.types import LeadPipeline, LeadPipelineStage

STAMPS = ("version", "created_at", "updated_at")
LeadStatusCategory = choice_enum("LeadStatusCategory", models.StatusCategory.values)
LeadLastActivity = choice_enum(
    "LeadLastActivity",
    models.LastActivity.values,
    "What last kept a lead from rotting.",
    {kind.value: f"Its last activity was: {kind.label}." for kind in models.LastActivity},
)
LeadRoutingOutcome = choice_enum("LeadRoutingOutcome", models.RoutingOutcome.values)
ReceiverVerification = choice_enum("ReceiverVerification", models.Verification.values)
LeadReceiverKind = choice_enum(
    "LeadReceiverKind",
    models.ReceiverKind.values,
    "The way by which deliveries come to a receiver.",
    {
        "WEB": "A request to the address of the receiver, which makes a lead.",
        "MAIL": "An e-mail to the receiver's mail address, which is logged at the people it matches.",
    },
)


class LeadLostReason(DjangoObjectType):
    """A reason that leads are lost for."""

    class Meta:
        model = models.LeadLostReason
        fields = ("id", "name", "is_active", "weight")


class LeadStatus(DjangoObjectType):
    """How a lead stands."""

    class Meta:
        model = models.LeadStatus
        fields = ("id", "name", "is_default", "weight")

    category = Attribute(LeadStatusCategory, "category", required=True)


class LeadType(DjangoObjectType):
    """A class of leads."""

    class Meta:
        model = models.LeadType
        fields = ("id", "uuid", "name", "description", "is_active", "created_at", "updated_at")

    company = Related(Company, "company", required=True)


class LeadSource(DjangoObjectType):
    """Where leads come from."""

    class Meta:
        model = models.LeadSource
        fields = ("id", "uuid", "name", "description", "is_active", "created_at", "updated_at")

    company = Related(Company, "company", required=True)
    # The contract has both names.
    type = Related(LeadType, "type")
    lead_type = Related(LeadType, "type", name="leadType")


def _url(receiver: models.LeadReceiver) -> str:
    """Return the address that senders post to; a path alone without the setting PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}{reverse('receiver', args=[receiver.uuid])}"


def _mail_address(receiver: models.LeadReceiver) -> str | None:
    return receiver_address(receiver.uuid) if receiver.kind == models.ReceiverKind.MAIL else None


class LeadReceiver(DjangoObjectType):
    """A place where leads come in."""

    class Meta:
        model = models.LeadReceiver
        fields = (
            "id",
            "uuid",
            "name",
            "source_name",
            "is_default",
            "is_active",
            "honeypot",
            "window_minutes",
            "rate_limit",
            "created_at",
            "updated_at",
        )

    company = Related(Company, "company", required=True)
    user = Related(User, "user")
    agent = Related(User, "agent")
    # The contract has two names each for source, rotation and type.
    source = Related(LeadSource, "source")
    lead_source = Related(LeadSource, "source", name="leadSource")
    rotation = Related(LeadRotation, "rotation")
    lead_rotation = Related(LeadRotation, "rotation", name="leadRotation")
    type = Related(LeadType, "type")
    lead_type = Related(LeadType, "type", name="leadType")
    total_leads = Computed(
        graphene.Int,
        "total_leads",
        lambda actor: count_by(models.Lead.objects.visible_to(actor), "receiver"),
        required=True,
    )
    template = Attribute(Mixed, "template")
    verification = Attribute(ReceiverVerification, "verification", required=True)
    allowed_origins = Attribute(
        graphene.List(graphene.NonNull(graphene.String)),
        "allowed_origins",
        required=True,
        description="Sites whose pages may post to this receiver from a browser, besides those of the"
        " installation, as scheme, host and port.",
    )
    kind = Attribute(
        LeadReceiverKind, "kind", required=True, description="How deliveries come in: WEB or MAIL."
    )
    mail_address = Derived(
        graphene.String,
        ("uuid", "kind"),
        _mail_address,
        description="Where e-mails to a receiver of the kind MAIL go; null without a mailbox.",
    )
    creates_leads = Attribute(
        graphene.Boolean,
        "creates_leads",
        required=True,
        description="Whether an e-mail from outside whose sender has no open lead makes one.",
    )
    # Derived from the uuid: the address is not stored, since PUBLIC_URL may change.
    url = Derived(graphene.String, ("uuid",), _url, required=True)


class Lead(DjangoObjectType):
    """A sales opportunity."""

    class Meta:
        model = models.Lead
        fields = ("id", "uuid", "title", *TEXTS, "stage_changed_at", "last_activity_at", "closed_at", *STAMPS)

    company = Related(Company, "company", required=True)
    external_id = external_id()
    external_source = external_source()
    user = Related(User, "user")
    people = Related(People, "person")
    organization = Related(Organization, "organization")
    owner = Related(User, "owner")
    receiver = Related(LeadReceiver, "receiver")
    status = Related(LeadStatus, "status")
    type = Related(LeadType, "type")
    source = Related(LeadSource, "source")
    lost_reason = Related(LeadLostReason, "lost_reason")
    pipeline = Related(LeadPipeline, "pipeline")
    stage = Related(LeadPipelineStage, "stage")
    participants = RelatedList(User, "participants", ordering=())
    people_participants = RelatedList(LeadsParticipants, "people_participations", ordering=(), required=True)
    followers = RelatedList(User, "followers", ordering=(), required=True)
    amount = Attribute(
        Decimal,
        "amount",
        description="What the deal is worth, with two digits behind the point; not negative.",
    )
    currency = Attribute(
        graphene.String,
        "currency",
        description="The ISO 4217 code of the currency of the amount. A lead with an amount always has one.",
    )
    expected_close_on = Attribute(Date, "expected_close_on", description="The day the deal should be closed.")
    probability = Computed(
        graphene.Int,
        "shown_probability",
        lambda _actor: win_probability(),
        required=True,
        description="How likely the lead is to be won, in percent. An open lead has its own probability, else"
        " that of its stage; a won lead has 100, any other closed one 0.",
    )
    channels = RelatedList(SocialChannel, "channels", ordering=())
    activities = RelatedList(Activity, "activities", ordering=("-id",), first=DEFAULT_FIRST, required=True)
    next_activity = next_activity()
    latest_activity = latest_activity()
    tags = RelatedList(Tag, "tags", ordering=("name",))
    files = RelatedList(Filesystem, "file_links", ordering=())
    custom_fields = CustomFields()
    # Empty for actors without READ_ROUTING, by visible_to.
    routing_log = RelatedList(
        lambda: LeadRoutingLog,
        "routing_logs",
        ordering=("-id",),
        required=True,
        description="Why the lead got its owner, for those who may read the routing log; empty for others.",
    )
    duplicates = BatchedList(lambda: Lead, duplicates_of_leads, loads=("person_id",), most=MOST_LISTED)
    stage_history = RelatedList(
        LeadStageVisit, "stage_visits", ordering=("entered_at",), first=DEFAULT_FIRST, required=True
    )
    days_in_stage = Derived(
        graphene.Int,
        ("stage_changed_at",),
        lambda lead: (timezone.now() - lead.stage_changed_at).days,
        required=True,
    )
    last_activity = Attribute(LeadLastActivity, "last_activity", required=True)
    rotting_reason = Derived(graphene.String, REASON_COLUMNS, rotting_reason)
    is_rotting = Computed(graphene.Boolean, "is_rotting", lambda _actor: rotting_flag(), required=True)


class LeadRoutingLog(DjangoObjectType):
    """Why a new lead got its owner, with all that the choice was made from; or why a delivery made none.

    Credits and shares of the candidates in ``detail`` are in billionths of a lead.
    """

    class Meta:
        model = models.LeadRoutingLog
        fields = ("id", "door", "error", "created_at")

    lead = Related(Lead, "lead")
    receiver = Related(LeadReceiver, "receiver")
    rotation = Related(LeadRotation, "rotation")
    user = Related(User, "user")
    outcome = Attribute(LeadRoutingOutcome, "outcome", required=True)
    detail = Attribute(JSON, "detail")
    payload = Derived(JSON, ("attempt__payload",), lambda log: log.attempt and log.attempt.payload)
