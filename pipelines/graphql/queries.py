"""Queries for pipelines."""

import graphene

from crm.graphql.core.single import SingleField
from crm.graphql.lists.paginator import list_field
from pipelines.graphql.filters import PipelineFilterSet
from pipelines.graphql.types import LeadPipeline


class Query(graphene.ObjectType):
    pipelines = list_field("pipelines", LeadPipeline, PipelineFilterSet)
    pipeline = SingleField(LeadPipeline)
