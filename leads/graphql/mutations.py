"""Mutations of leads."""

from typing import Any

import graphene
from django.core.exceptions import ValidationError
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch, return_row
from leads.graphql.inputs import (
    FollowInput,
    LeadInput,
    LeadsParticipantsInput,
    LeadStatusEnum,
    LeadUpdateInput,
    LeadWonOrLostInput,
)
from leads.graphql.types import Lead
from leads.services import closing, involvement, leads

MAY = Action.CHANGE_LEADS
#: What the API calls the relations of the model.
NAMES = {
    "person": "people_id",
    "organization": "organization_id",
    "owner": "leads_owner_id",
    "receiver": "receiver_id",
    "status": "status_id",
    "type": "type_id",
    "source": "source_id",
    "lost_reason": "lost_reason_id",
    "pipeline": "pipeline_id",
    "stage": "pipeline_stage_id",
}
#: The same, where the input has whole objects under some of these names.
NESTED_NAMES = {name: path for name, path in NAMES.items() if name != "organization"}


class Mutation(graphene.ObjectType):
    """What can be changed about leads."""

    create_lead = MutationField(
        Lead,
        name="createLead",
        permission=MAY,
        prefix="input",
        names=NESTED_NAMES,
        input=graphene.Argument(LeadInput, required=True),
    )
    update_lead = MutationField(
        Lead,
        name="updateLead",
        permission=MAY,
        prefix="input",
        names=NAMES,
        id=graphene.ID(required=True),
        input=graphene.Argument(LeadUpdateInput, required=True),
        expected_version=graphene.Int(),
    )
    lead_won_or_lost = MutationField(
        Lead,
        name="leadWonOrLost",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=LeadWonOrLostInput(),
        status=LeadStatusEnum(),
        reason_lost=graphene.String(),
        expected_version=graphene.Int(),
    )
    delete_lead = MutationField(
        graphene.Boolean,
        name="deleteLead",
        permission=MAY,
        id=graphene.ID(required=True),
        expected_version=graphene.Int(),
    )
    restore_lead = MutationField(
        graphene.Boolean, name="restoreLead", permission=MAY, id=graphene.ID(required=True)
    )
    add_lead_participant = MutationField(
        graphene.Boolean,
        name="addLeadParticipant",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(LeadsParticipantsInput, required=True),
    )
    remove_lead_participant = MutationField(
        graphene.Boolean,
        name="removeLeadParticipant",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(LeadsParticipantsInput, required=True),
    )
    follow_lead = MutationField(
        graphene.Boolean,
        name="followLead",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(FollowInput, required=True),
    )
    unfollow_lead = MutationField(
        graphene.Boolean,
        name="unFollowLead",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(FollowInput, required=True),
    )

    @staticmethod
    def resolve_create_lead(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return _answer(info, leads.create_lead(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_lead(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Any,
        expected_version: int | None = None,
    ) -> Any:
        lead = leads.update_lead(id, input, actor=actor_of(info), expected_version=expected_version)
        return _answer(info, lead)

    @staticmethod
    def resolve_lead_won_or_lost(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Any = None,
        status: str | None = None,
        reason_lost: str | None = None,
        expected_version: int | None = None,
    ) -> Any:
        nested = input or {}
        words = [word.casefold() for word in (nested.get("status"), status) if word]
        # "close" and "closed" are one outcome.
        outcomes = {word if word != "closed" else "close" for word in words}
        if len(outcomes) != 1:
            raise ValidationError({"status": ["Give one status: won, lost or closed."]})
        lead = closing.close_lead(
            id,
            outcomes.pop(),
            actor=actor_of(info),
            reason_lost=nested.get("reason_lost") or reason_lost,
            lost_reason_id=nested.get("lost_reason_id"),
            expected_version=expected_version,
        )
        return _answer(info, lead)

    @staticmethod
    def resolve_delete_lead(_root: Any, info: GraphQLResolveInfo, *, id: str, **options: Any) -> bool:
        leads.delete_lead(id, actor=actor_of(info), **options)
        return True

    @staticmethod
    def resolve_restore_lead(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        leads.restore_lead(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_add_lead_participant(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        actor = actor_of(info)
        if _names_person(input):
            relationship = input.get("relationship_id")
            involvement.add_person(
                input["lead_id"], input["people_id"], actor=actor, relationship_key=relationship
            )
        else:
            involvement.add_participant(input["lead_id"], input["user_id"], actor=actor)
        return True

    @staticmethod
    def resolve_remove_lead_participant(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        actor = actor_of(info)
        if _names_person(input):
            relationship = input.get("relationship_id")
            involvement.remove_person(
                input["lead_id"], input["people_id"], actor=actor, relationship_key=relationship
            )
        else:
            involvement.remove_participant(input["lead_id"], input["user_id"], actor=actor)
        return True

    @staticmethod
    def resolve_follow_lead(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        involvement.follow_lead(input["entity_id"], actor=actor_of(info), user_key=input.get("user_id"))
        return True

    @staticmethod
    def resolve_unfollow_lead(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        return involvement.unfollow_lead(
            input["entity_id"], actor=actor_of(info), user_key=input.get("user_id")
        )


def _answer(info: GraphQLResolveInfo, lead: Any) -> Any:
    # Whether an agent of a company with own visibility still sees the lead, the database alone can tell.
    answer = return_row if actor_of(info).sees_all_leads else refetch
    return answer(info, Lead, lead)


def _names_person(values: Any) -> bool:
    """Tell whether an input names a person, or else a user: exactly one of them."""
    user, person = values.get("user_id"), values.get("people_id")
    if user is None and person is None:
        raise ValidationError({"user_id": ["Say who takes part."]})
    if user is not None and person is not None:
        raise ValidationError({"people_id": ["Give user_id or people_id, not both."]})
    if user is not None and values.get("relationship_id") is not None:
        raise ValidationError({"relationship_id": ["Only people have a relationship to a lead."]})
    return person is not None
