"""The GraphQL schema, combined from the parts of the apps. ``schema.graphql`` beside it is the contract."""

import graphene

from crm.graphql.absences import AbsenceMutation, AbsenceQuery
from crm.graphql.activities import ActivityMutation, ActivityQuery
from crm.graphql.attachments import AttachmentMutation
from crm.graphql.calendar_feeds import CalendarFeedMutation, CalendarFeedQuery
from crm.graphql.channels import ChannelMutation, ChannelQuery
from crm.graphql.core.scalars import Decimal
from crm.graphql.custom_fields import CustomFieldMutation, CustomFieldQuery
from crm.graphql.exports import ExportMutation, ExportQuery
from crm.graphql.files import FileMutation, FileQuery
from crm.graphql.import_mappings import ImportMappingMutation, ImportMappingQuery
from crm.graphql.imports import ImportMutation, ImportQuery
from crm.graphql.members import MemberMutation, MemberQuery
from crm.graphql.mutations import Mutation as CrmMutation
from crm.graphql.notifications import NotificationMutation, NotificationQuery
from crm.graphql.queries import Query as CrmQuery
from crm.graphql.record_events import RecordEventQuery, RecordSubscription
from crm.graphql.records import RecordMutation, RecordQuery
from crm.graphql.subscriptions import NotificationSubscription
from crm.graphql.timeline import TimelineQuery
from crm.graphql.types import ConflictReasonEnum
from leads.graphql.agents import AgentQuery
from leads.graphql.bulk import LeadBulkMutation
from leads.graphql.dashboard import DashboardQuery
from leads.graphql.events import LeadEventQuery
from leads.graphql.forecast import ForecastQuery
from leads.graphql.lookups import LookupMutation, LookupQuery
from leads.graphql.mutations import Mutation as LeadsMutation
from leads.graphql.my_day import MyDayQuery
from leads.graphql.queries import Query as LeadsQuery
from leads.graphql.receivers import ReceiverMutation, ReceiverQuery
from leads.graphql.relationships import RelationshipMutation, RelationshipQuery
from leads.graphql.reports import ReportQuery
from leads.graphql.rotations import RotationMutation, RotationQuery
from leads.graphql.subscriptions import LeadSubscription
from leads.graphql.upserts import LeadUpsertMutation
from people.graphql.clusters import ClusterQuery
from people.graphql.erasing import ErasureMutation, ErasureQuery
from people.graphql.imports import PeopleImportMutation
from people.graphql.merges import MergeMutation, MergeQuery
from people.graphql.mutations import Mutation as PeopleMutation
from people.graphql.person_details import CountQuery, PersonDetailMutation
from people.graphql.queries import Query as PeopleQuery
from people.graphql.upserts import UpsertMutation
from pipelines.graphql.mutations import Mutation as PipelinesMutation
from pipelines.graphql.queries import Query as PipelinesQuery


class Query(
    CrmQuery,
    CustomFieldQuery,
    ChannelQuery,
    ActivityQuery,
    CalendarFeedQuery,
    PeopleQuery,
    PipelinesQuery,
    LeadsQuery,
    LeadEventQuery,
    RecordEventQuery,
    DashboardQuery,
    MyDayQuery,
    ForecastQuery,
    ReportQuery,
    ImportQuery,
    ImportMappingQuery,
    ExportQuery,
    ErasureQuery,
    ClusterQuery,
    MergeQuery,
    RecordQuery,
    TimelineQuery,
    ReceiverQuery,
    FileQuery,
    RotationQuery,
    AgentQuery,
    AbsenceQuery,
    RelationshipQuery,
    CountQuery,
    LookupQuery,
    MemberQuery,
    NotificationQuery,
):
    """Everything that can be asked."""


class Mutation(
    CrmMutation,
    CustomFieldMutation,
    ChannelMutation,
    ActivityMutation,
    CalendarFeedMutation,
    PeopleMutation,
    PipelinesMutation,
    LeadsMutation,
    LeadBulkMutation,
    LeadUpsertMutation,
    RecordMutation,
    ReceiverMutation,
    FileMutation,
    AttachmentMutation,
    ImportMutation,
    ImportMappingMutation,
    ExportMutation,
    ErasureMutation,
    PeopleImportMutation,
    MergeMutation,
    UpsertMutation,
    RotationMutation,
    AbsenceMutation,
    RelationshipMutation,
    PersonDetailMutation,
    LookupMutation,
    MemberMutation,
    NotificationMutation,
):
    """Everything that can be changed."""


class Subscription(LeadSubscription, RecordSubscription, NotificationSubscription):
    """What can be listened to."""


schema = graphene.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[ConflictReasonEnum],
    auto_camelcase=False,
)
# Graphene does not hand the address of a scalar's specification on.
schema.graphql_schema.type_map[Decimal._meta.name].specified_by_url = Decimal.specified_by_url
