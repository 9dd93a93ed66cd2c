"""Queries for pipelines."""

import graphene

from crm.graphql.paginator import list_field
from crm.graphql.queries import SingleField
from pipelines.graphql.filters import PipelineFilterSet
from pipelines.graphql.types import LeadPipeline


class Query(graphene.ObjectType):
    """What can be asked of pipelines."""

    pipelines = list_field("pipelines", LeadPipeline, PipelineFilterSet)
    pipeline = SingleField(LeadPipeline)
