"""Mutations of receivers, and their keys, test runs and delivery attempts."""

import base64

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.bulk import ids_argument
from crm.graphql.core.fields import Attribute, Related
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import create_mutation, delete_mutation, row_mutation, update_mutation
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.graphql.core.scalars import JSON, Mixed
from crm.graphql.lists.columns import ChoiceColumn, DateTimeColumn, IdColumn, ListFilterSet, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from leads import models
from leads.graphql.types import Lead, LeadReceiver, LeadReceiverKind, ReceiverVerification
from leads.services import received_leads, receiver_keys, receivers, replaying

PERMISSION = Action.CHANGE_LOOKUPS
#: The API's names of model fields, where they differ.
NAMES = {
    "agent": "agents_id",
    "rotation": "rotations_id",
    "source": "lead_sources_id",
    "type": "lead_types_id",
}
ReceiverAttemptStatus = choice_enum(
    "ReceiverAttemptStatus",
    models.AttemptStatus.values,
    "What became of a delivery.",
    {
        "RECEIVED": "It was interrupted before anything came of it.",
        "PROCESSED": "It made a lead, or its e-mail was logged.",
        "FAILED": "It was refused, for the reason in `errors`.",
        "IGNORED": "A filled honeypot field, or an e-mail that a program sent or that was logged before.",
        "UNMATCHED": "An e-mail of nobody who is known: replay it once a person has one of its addresses.",
    },
)


def _in_base64(attempt: models.ReceiverAttempt, _info: GraphQLResolveInfo) -> str | None:
    return None if attempt.raw_body is None else base64.b64encode(attempt.raw_body).decode()


class ReceiverAttempt(DjangoObjectType):
    """One delivery to a receiver, as it came but for credentials, and what became of it."""

    class Meta:
        model = models.ReceiverAttempt
        fields = (
            "id",
            "uuid",
            "idempotency_key",
            "count",
            "last_seen_at",
            "replayed_at",
            "created_at",
            "updated_at",
        )

    status = Attribute(ReceiverAttemptStatus, "status", required=True)
    kind = Attribute(
        LeadReceiverKind,
        "kind",
        required=True,
        description="How it came in. The payload of an e-mail is a summary of its headers.",
    )
    receiver = Related(LeadReceiver, "receiver")
    lead = Related(Lead, "lead")
    payload = Attribute(JSON, "payload", required=True)
    errors = Attribute(JSON, "errors")
    raw_body = Attribute(
        graphene.String,
        "raw_body",
        resolver=_in_base64,
        description="The bytes of a body that could not be decoded, in base64; its payload is empty.",
    )
    replayed_by = Related(User, "replayed_by")


class LeadReceiverKey(graphene.ObjectType):
    """The key of a receiver, and the header in which its senders show or use it; none if it asks for none."""

    key = graphene.String(required=True)
    header = graphene.String()


class LeadReceiverTest(graphene.ObjectType):
    """What would become of a payload; nothing is written."""

    accepted = graphene.Boolean(required=True)
    draft = JSON(required=True)
    errors = JSON()


class LeadReceiverInput(graphene.InputObjectType):
    name = graphene.String()
    agents_id = graphene.ID()
    is_default = graphene.Boolean()
    is_active = graphene.Boolean()
    rotations_id = graphene.ID()
    source_name = graphene.String()
    lead_sources_id = graphene.ID()
    lead_types_id = graphene.ID()
    template = Mixed()
    kind = LeadReceiverKind(description="How deliveries come in; WEB unless it is named.")
    creates_leads = graphene.Boolean(
        description="Whether an e-mail from outside whose sender has no open lead makes one."
    )
    verification = ReceiverVerification()
    honeypot = graphene.String()
    window_minutes = graphene.Int()
    rate_limit = graphene.Int()
    allowed_origins = graphene.List(
        graphene.NonNull(graphene.String),
        description="At most 20 origins such as https://www.example.com; the list replaces the stored one.",
    )


class ReceiverAttemptFilterSet(ListFilterSet):
    row_model = models.ReceiverAttempt
    order_columns = {name: name for name in ("id", "created_at", "last_seen_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    status = ChoiceColumn("status", words=models.AttemptStatus.values)
    kind = ChoiceColumn("kind", words=models.ReceiverKind.values)
    leads_receivers_id = IdColumn("receiver_id")
    lead_id = IdColumn("lead_id")
    created_at = DateTimeColumn("created_at")


def _key_of(receiver: models.LeadReceiver) -> dict[str, object]:
    key = receiver_keys.receiver_key(receiver)
    return {"key": key, "header": receiver_keys.HEADERS.get(receiver.verification)}


class ReceiverQuery(graphene.ObjectType):
    receiver_attempts = list_field(
        "receiverAttempts", ReceiverAttempt, ReceiverAttemptFilterSet, permission=Action.READ_ROUTING
    )
    # A credential: readable only with the permission to change it.
    lead_receiver_key = Guarded(LeadReceiverKey, permission=PERMISSION, id=graphene.ID(required=True))

    @staticmethod
    def resolve_lead_receiver_key(_root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        return _key_of(models.LeadReceiver.objects.find(actor_of(info), id))


class ReceiverMutation(graphene.ObjectType):
    create_lead_receiver = create_mutation(
        LeadReceiver, receivers.create_receiver, LeadReceiverInput, permission=PERMISSION, names=NAMES
    )
    update_lead_receiver = update_mutation(
        LeadReceiver, receivers.update_receiver, LeadReceiverInput, permission=PERMISSION, names=NAMES
    )
    delete_lead_receiver = delete_mutation(receivers.delete_receiver, permission=PERMISSION, replaceable=True)
    rotate_lead_receiver_key = MutationField(
        LeadReceiverKey, permission=PERMISSION, id=graphene.ID(required=True)
    )
    test_lead_receiver = MutationField(
        LeadReceiverTest,
        permission=PERMISSION,
        id=graphene.ID(required=True),
        payload=JSON(required=True),
    )
    replay_receiver_attempt = row_mutation(ReceiverAttempt, replaying.replay_attempt, permission=PERMISSION)
    replay_receiver_attempts = MutationField(
        graphene.List(graphene.NonNull(ReceiverAttempt)),
        permission=PERMISSION,
        ids=ids_argument(),
    )

    @staticmethod
    def resolve_rotate_lead_receiver_key(_root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        return _key_of(receivers.renew_key(id, actor=actor_of(info)))

    @staticmethod
    def resolve_test_lead_receiver(
        _root: object, info: GraphQLResolveInfo, *, id: str, payload: object
    ) -> object:
        trial = received_leads.try_payload(id, payload, actor=actor_of(info))
        return {"accepted": trial.errors is None, "draft": trial.draft, "errors": trial.errors}

    @staticmethod
    def resolve_replay_receiver_attempts(
        _root: object, info: GraphQLResolveInfo, *, ids: list[str]
    ) -> object:
        actor = actor_of(info)
        replayed = replaying.replay_attempts(ids, actor=actor)
        rows = models.ReceiverAttempt.objects.visible_to(actor).filter(
            pk__in=[attempt.pk for attempt in replayed]
        )
        return load(rows, ReceiverAttempt, info.field_nodes, info).order_by("pk")
