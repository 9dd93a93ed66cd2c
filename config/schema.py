"""The schema: the apps' parts put together, no more. ``schema.graphql`` beside it is the contract."""

import graphene

from crm.graphql.mutations import Mutation as CrmMutation
from crm.graphql.queries import Query as CrmQuery
from leads.graphql.mutations import Mutation as LeadsMutation
from leads.graphql.queries import Query as LeadsQuery
from leads.graphql.records import RecordMutation
from leads.graphql.subscriptions import Subscription
from people.graphql.mutations import Mutation as PeopleMutation
from people.graphql.queries import Query as PeopleQuery
from pipelines.graphql.mutations import Mutation as PipelinesMutation
from pipelines.graphql.queries import Query as PipelinesQuery


class Query(CrmQuery, PeopleQuery, PipelinesQuery, LeadsQuery):
    """Everything that can be asked."""


class Mutation(CrmMutation, PeopleMutation, PipelinesMutation, LeadsMutation, RecordMutation):
    """Everything that can be changed."""


schema = graphene.Schema(query=Query, mutation=Mutation, subscription=Subscription, auto_camelcase=False)
