"""Queries for leads and their lookups."""

import graphene

from crm.graphql.core.single import SingleField
from crm.graphql.lists.paginator import list_field
from leads.graphql import filters, types


class Query(graphene.ObjectType):
    leads = list_field("leads", types.Lead, filters.LeadFilterSet)
    lead = SingleField(types.Lead)
    lead_statuses = list_field("leadStatuses", types.LeadStatus, filters.LeadStatusFilterSet)
    lead_types = list_field("leadTypes", types.LeadType, filters.LeadTypeFilterSet)
    lead_sources = list_field("leadSources", types.LeadSource, filters.LeadSourceFilterSet)
    lead_receivers = list_field("leadReceivers", types.LeadReceiver, filters.LeadReceiverFilterSet)
