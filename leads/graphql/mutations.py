"""Mutations of leads."""

from collections.abc import Callable

import graphene
from django.core.exceptions import ValidationError
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.arguments import Values
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import delete_mutation, restore_mutation
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch, return_row
from crm.texts import name_key
from leads import models
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
from leads.services.lead_input import LeadValues

PERMISSION = Action.CHANGE_LEADS
#: The API's names of model fields, where they differ.
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
#: Without the organization, which the input of a new lead can hold as an object of the same name.
NESTED_NAMES = {name: path for name, path in NAMES.items() if name != "organization"}


def _names_person(values: Values) -> bool:
    """Check that an input names either a person or a user; return whether it names a person."""
    user, person = values.get("user_id"), values.get("people_id")
    if user is None and person is None:
        raise ValidationError({"user_id": ["Give user_id or people_id."]})
    if user is not None and person is not None:
        raise ValidationError({"people_id": ["Give user_id or people_id, not both."]})
    if user is not None and values.get("relationship_id") is not None:
        raise ValidationError({"relationship_id": ["Only people have a relationship to a lead."]})
    return person is not None


def _participation(
    name: str, change_person: Callable[..., None], change_participant: Callable[..., None]
) -> MutationField:
    def resolve(_root: object, info: GraphQLResolveInfo, *, input: Values) -> bool:
        actor = actor_of(info)
        if _names_person(input):
            relationship = input.get("relationship_id")
            change_person(input["lead_id"], input["people_id"], actor=actor, relationship_key=relationship)
        else:
            change_participant(input["lead_id"], input["user_id"], actor=actor)
        return True

    return _field_of_input(name, LeadsParticipantsInput, resolve)


def _following(name: str, change: Callable[..., bool | None]) -> MutationField:
    def resolve(_root: object, info: GraphQLResolveInfo, *, input: Values) -> bool:
        changed = change(input["entity_id"], actor=actor_of(info), user_key=input.get("user_id"))
        # False only for a member who did not follow: following again is true, as following is.
        return changed is not False

    return _field_of_input(name, FollowInput, resolve)


def _field_of_input(
    name: str, input_type: type[graphene.InputObjectType], resolve: Callable[..., bool]
) -> MutationField:
    return MutationField(
        graphene.Boolean,
        name=name,
        permission=PERMISSION,
        prefix="input",
        resolver=resolve,
        input=graphene.Argument(input_type, required=True),
    )


class Mutation(graphene.ObjectType):
    create_lead = MutationField(
        Lead,
        permission=PERMISSION,
        prefix="input",
        names=NESTED_NAMES,
        input=graphene.Argument(LeadInput, required=True),
    )
    update_lead = MutationField(
        Lead,
        permission=PERMISSION,
        prefix="input",
        names=NAMES,
        id=graphene.ID(required=True),
        input=graphene.Argument(LeadUpdateInput, required=True),
        expected_version=graphene.Int(),
    )
    # The contract has both forms: the nested input and the flat arguments.
    lead_won_or_lost = MutationField(
        Lead,
        permission=PERMISSION,
        prefix="input",
        id=graphene.ID(required=True),
        input=LeadWonOrLostInput(),
        status=LeadStatusEnum(),
        reason_lost=graphene.String(),
        expected_version=graphene.Int(),
    )
    delete_lead = delete_mutation(leads.delete_lead, permission=PERMISSION, versioned=True)
    restore_lead = restore_mutation(leads.restore_lead, permission=PERMISSION)
    add_lead_participant = _participation(
        "addLeadParticipant", involvement.add_person, involvement.add_participant
    )
    remove_lead_participant = _participation(
        "removeLeadParticipant", involvement.remove_person, involvement.remove_participant
    )
    follow_lead = _following("followLead", involvement.follow_lead)
    unfollow_lead = _following("unFollowLead", involvement.unfollow_lead)

    @staticmethod
    def resolve_create_lead(_root: object, info: GraphQLResolveInfo, *, input: LeadValues) -> object:
        return _return_lead(info, leads.create_lead(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_lead(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: LeadValues,
        expected_version: int | None = None,
    ) -> object:
        lead = leads.update_lead(id, input, actor=actor_of(info), expected_version=expected_version)
        return _return_lead(info, lead)

    @staticmethod
    def resolve_lead_won_or_lost(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Values | None = None,
        status: str | None = None,
        reason_lost: str | None = None,
        expected_version: int | None = None,
    ) -> object:
        nested = input or {}
        words = [name_key(word) for word in (nested.get("status"), status) if word]
        # The specification knows the outcome as "close" (enum) and as "closed" (text).
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
        return _return_lead(info, lead)


def _return_lead(info: GraphQLResolveInfo, lead: models.Lead) -> object:
    # An agent who sees own leads only may have given this one away: only the database knows.
    reread = return_row if actor_of(info).sees_all_leads else refetch
    return reread(info, Lead, lead)
