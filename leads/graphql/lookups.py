"""Mutations of statuses, types, sources and lost reasons, and the list of lost reasons."""

from functools import partial

import graphene

from crm.actors import Action
from crm.graphql.core.fields import RowType
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import create_mutation, delete_mutation, reorder_mutation, update_mutation
from crm.graphql.lists.columns import BooleanColumn, IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from leads import models
from leads.graphql.types import LeadLostReason, LeadSource, LeadStatus, LeadStatusCategory, LeadType
from leads.services import lookup_deletion, lookups

PERMISSION = Action.CHANGE_LOOKUPS
#: The API's names of model fields, where they differ.
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
    row_model = models.LeadLostReason
    order_columns = {name: name for name in ("id", "name", "weight")}

    id = IdColumn("id")
    name = TextColumn("name")
    is_active = BooleanColumn("is_active")


def _create(
    type_: RowType, input_type: type[graphene.InputObjectType], *, required: bool = True
) -> MutationField:
    # One service for all four models.
    service = partial(lookups.create_lookup, type_._meta.model)
    return create_mutation(type_, service, input_type, permission=PERMISSION, names=NAMES, required=required)


def _update(
    type_: RowType, input_type: type[graphene.InputObjectType], *, required: bool = True
) -> MutationField:
    service = partial(lookups.update_lookup, type_._meta.model)
    return update_mutation(type_, service, input_type, permission=PERMISSION, names=NAMES, required=required)


def _delete(type_: RowType) -> MutationField:
    return delete_mutation(
        partial(lookup_deletion.delete_lookup, type_._meta.model),
        name=f"delete{type_._meta.name}",
        permission=PERMISSION,
        replaceable=True,
    )


def _reorder(type_: RowType, name: str) -> MutationField:
    service = partial(lookups.reorder_lookups, type_._meta.model)
    return reorder_mutation(type_, service, name=name, permission=PERMISSION)


class LookupQuery(graphene.ObjectType):
    lead_lost_reasons = list_field("leadLostReasons", LeadLostReason, LeadLostReasonFilterSet)


class LookupMutation(graphene.ObjectType):
    create_lead_status = _create(LeadStatus, LeadStatusInput)
    update_lead_status = _update(LeadStatus, LeadStatusInput)
    delete_lead_status = _delete(LeadStatus)
    reorder_lead_statuses = _reorder(LeadStatus, "reorderLeadStatuses")
    create_lead_type = _create(LeadType, LeadTypeInput)
    update_lead_type = _update(LeadType, LeadTypeInput)
    delete_lead_type = _delete(LeadType)
    # The contract leaves the input of sources optional.
    create_lead_source = _create(LeadSource, LeadSourceInput, required=False)
    update_lead_source = _update(LeadSource, LeadSourceInput, required=False)
    delete_lead_source = _delete(LeadSource)
    create_lead_lost_reason = _create(LeadLostReason, LeadLostReasonInput)
    update_lead_lost_reason = _update(LeadLostReason, LeadLostReasonInput)
    delete_lead_lost_reason = _delete(LeadLostReason)
    reorder_lead_lost_reasons = _reorder(LeadLostReason, "reorderLeadLostReasons")
