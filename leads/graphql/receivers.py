"""Receivers and what came in through them: changed, looked at, tried and tried again."""

from typing import Any

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.fields import Attribute, Related
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, refetch
from crm.graphql.core.scalars import JSON, Mixed
from crm.graphql.lists.columns import ChoiceColumn, DateTimeColumn, IdColumn, ListFilterSet, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from leads import models
from leads.graphql.types import Lead, LeadReceiver, ReceiverVerification
from leads.services import received_leads, receiver_keys, receivers, replaying

MAY = Action.CHANGE_LOOKUPS
#: What the API calls the relations of the model.
NAMES = {
    "agent": "agents_id",
    "rotation": "rotations_id",
    "source": "lead_sources_id",
    "type": "lead_types_id",
}
ReceiverAttemptStatus = graphene.Enum(
    "ReceiverAttemptStatus", [(value, value) for value in models.AttemptStatus.values]
)


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
    receiver = Related(LeadReceiver, "receiver")
    lead = Related(Lead, "lead")
    payload = Attribute(JSON, "payload", required=True)
    errors = Attribute(JSON, "errors")
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
    verification = ReceiverVerification()
    honeypot = graphene.String()
    window_minutes = graphene.Int()
    rate_limit = graphene.Int()


class ReceiverAttemptFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "created_at", "last_seen_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    status = ChoiceColumn("status", words=models.AttemptStatus.values)
    leads_receivers_id = IdColumn("receiver_id")
    lead_id = IdColumn("lead_id")
    created_at = DateTimeColumn("created_at")

    class Meta:
        model = models.ReceiverAttempt
        fields: list[str] = []


def _key_of(receiver: models.LeadReceiver) -> dict[str, Any]:
    key = receiver_keys.receiver_key(receiver)
    return {"key": key, "header": receiver_keys.HEADERS.get(receiver.verification)}


class ReceiverQuery(graphene.ObjectType):
    """What managers can ask of receivers."""

    receiver_attempts = list_field(
        "receiverAttempts", ReceiverAttempt, ReceiverAttemptFilterSet, permission=Action.READ_ROUTING
    )
    # A query that gives a credential asks for what is needed to change it.
    lead_receiver_key = Guarded(
        LeadReceiverKey, name="leadReceiverKey", permission=MAY, id=graphene.ID(required=True)
    )

    @staticmethod
    def resolve_lead_receiver_key(_root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        return _key_of(models.LeadReceiver.objects.find(actor_of(info), id))


class ReceiverMutation(graphene.ObjectType):
    """What can be changed about receivers."""

    create_lead_receiver = MutationField(
        LeadReceiver,
        name="createLeadReceiver",
        permission=MAY,
        prefix="input",
        names=NAMES,
        input=graphene.Argument(LeadReceiverInput, required=True),
    )
    update_lead_receiver = MutationField(
        LeadReceiver,
        name="updateLeadReceiver",
        permission=MAY,
        prefix="input",
        names=NAMES,
        id=graphene.ID(required=True),
        input=graphene.Argument(LeadReceiverInput, required=True),
    )
    delete_lead_receiver = MutationField(
        graphene.Boolean,
        name="deleteLeadReceiver",
        permission=MAY,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )
    rotate_lead_receiver_key = MutationField(
        LeadReceiverKey, name="rotateLeadReceiverKey", permission=MAY, id=graphene.ID(required=True)
    )
    test_lead_receiver = MutationField(
        LeadReceiverTest,
        name="testLeadReceiver",
        permission=MAY,
        id=graphene.ID(required=True),
        payload=JSON(required=True),
    )
    replay_receiver_attempt = MutationField(
        ReceiverAttempt, name="replayReceiverAttempt", permission=MAY, id=graphene.ID(required=True)
    )
    replay_receiver_attempts = MutationField(
        graphene.List(graphene.NonNull(ReceiverAttempt)),
        name="replayReceiverAttempts",
        permission=MAY,
        ids=graphene.List(graphene.NonNull(graphene.ID), required=True),
    )

    @staticmethod
    def resolve_create_lead_receiver(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, LeadReceiver, receivers.create_receiver(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_lead_receiver(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, LeadReceiver, receivers.update_receiver(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_lead_receiver(
        _root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None
    ) -> bool:
        receivers.delete_receiver(id, actor=actor_of(info), replacement_key=replacement_id)
        return True

    @staticmethod
    def resolve_rotate_lead_receiver_key(_root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        return _key_of(receivers.renew_key(id, actor=actor_of(info)))

    @staticmethod
    def resolve_test_lead_receiver(_root: Any, info: GraphQLResolveInfo, *, id: str, payload: Any) -> Any:
        trial = received_leads.try_payload(id, payload, actor=actor_of(info))
        return {"accepted": trial.errors is None, "draft": trial.draft, "errors": trial.errors}

    @staticmethod
    def resolve_replay_receiver_attempt(_root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        return refetch(info, ReceiverAttempt, replaying.replay_attempt(id, actor=actor_of(info)))

    @staticmethod
    def resolve_replay_receiver_attempts(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Any:
        actor = actor_of(info)
        tried = replaying.replay_attempts(ids, actor=actor)
        rows = models.ReceiverAttempt.objects.visible_to(actor).filter(pk__in=[one.pk for one in tried])
        return load(rows, ReceiverAttempt, info.field_nodes, info).order_by("pk")
