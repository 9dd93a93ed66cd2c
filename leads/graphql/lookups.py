"""Statuses, types, sources and lost reasons: changed, ordered and replaced."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import load, refetch
from crm.graphql.lists.columns import BooleanColumn, IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from leads import models
from leads.graphql.types import LeadLostReason, LeadSource, LeadStatus, LeadStatusCategory, LeadType
from leads.services import lookup_deletion, lookups

MAY = Action.CHANGE_LOOKUPS
#: What the API calls the relations of the models.
NAMES = {"type": "leads_types_id"}


class LeadStatusInput(graphene.InputObjectType):
    name = graphene.String()
    category = LeadStatusCategory()
    is_default = graphene.Boolean()
    weight = graphene.Int()


class LeadTypeInput(graphene.InputObjectType):
    companies_id = graphene.ID()
    name = graphene.String()
    description = graphene.String()
    is_active = graphene.Boolean()


class LeadSourceInput(LeadTypeInput):
    leads_types_id = graphene.ID()


class LeadLostReasonInput(graphene.InputObjectType):
    name = graphene.String()
    is_active = graphene.Boolean()
    weight = graphene.Int()


class LeadLostReasonFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "name", "weight")}

    id = IdColumn("id")
    name = TextColumn("name")
    is_active = BooleanColumn("is_active")

    class Meta:
        model = models.LeadLostReason
        fields: list[str] = []


def _create(type_: Any, input_type: Any, *, required: bool = True) -> MutationField:
    def resolve(_root: Any, info: GraphQLResolveInfo, *, input: Any = None) -> Any:
        values: Any = input or {}
        made = lookups.create_lookup(type_._meta.model, values, actor=actor_of(info))
        return refetch(info, type_, made)

    return MutationField(
        type_,
        name=f"create{type_._meta.name}",
        permission=MAY,
        prefix="input",
        names=NAMES,
        resolver=resolve,
        input=graphene.Argument(input_type, required=required),
    )


def _update(type_: Any, input_type: Any, *, required: bool = True) -> MutationField:
    def resolve(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any = None) -> Any:
        values: Any = input or {}
        changed = lookups.update_lookup(type_._meta.model, id, values, actor=actor_of(info))
        return refetch(info, type_, changed)

    return MutationField(
        type_,
        name=f"update{type_._meta.name}",
        permission=MAY,
        prefix="input",
        names=NAMES,
        resolver=resolve,
        id=graphene.ID(required=True),
        input=graphene.Argument(input_type, required=required),
    )


def _delete(type_: Any) -> MutationField:
    def resolve(_root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None) -> bool:
        lookup_deletion.delete_lookup(
            type_._meta.model, id, actor=actor_of(info), replacement_key=replacement_id
        )
        return True

    return MutationField(
        graphene.Boolean,
        name=f"delete{type_._meta.name}",
        permission=MAY,
        resolver=resolve,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )


def _reorder(type_: Any, name: str) -> MutationField:
    def resolve(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Any:
        actor = actor_of(info)
        lookups.reorder_lookups(type_._meta.model, ids, actor=actor)
        rows = type_._meta.model._default_manager.visible_to(actor)
        return load(rows, type_, info.field_nodes, info).order_by("weight", "pk")

    return MutationField(
        graphene.List(graphene.NonNull(type_)),
        name=name,
        permission=MAY,
        resolver=resolve,
        ids=graphene.List(graphene.NonNull(graphene.ID), required=True),
    )


class LookupQuery(graphene.ObjectType):
    """What can be asked of the small lists of leads."""

    lead_lost_reasons = list_field("leadLostReasons", LeadLostReason, LeadLostReasonFilterSet)


class LookupMutation(graphene.ObjectType):
    """What can be changed about the small lists of leads."""

    create_lead_status = _create(LeadStatus, LeadStatusInput)
    update_lead_status = _update(LeadStatus, LeadStatusInput)
    delete_lead_status = _delete(LeadStatus)
    reorder_lead_statuses = _reorder(LeadStatus, "reorderLeadStatuses")
    create_lead_type = _create(LeadType, LeadTypeInput)
    update_lead_type = _update(LeadType, LeadTypeInput)
    delete_lead_type = _delete(LeadType)
    create_lead_source = _create(LeadSource, LeadSourceInput, required=False)
    update_lead_source = _update(LeadSource, LeadSourceInput, required=False)
    delete_lead_source = _delete(LeadSource)
    create_lead_lost_reason = _create(LeadLostReason, LeadLostReasonInput)
    update_lead_lost_reason = _update(LeadLostReason, LeadLostReasonInput)
    delete_lead_lost_reason = _delete(LeadLostReason)
    reorder_lead_lost_reasons = _reorder(LeadLostReason, "reorderLeadLostReasons")
