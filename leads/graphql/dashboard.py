"""Queries that count leads: in all, by status, by stage."""

import graphene
from django.utils.functional import cached_property
from graphql import GraphQLResolveInfo

from crm.graphql.core.arguments import Values
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.lists.columns import DateTimeColumn, IdColumn, ListFilterSet
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, Page, check_page, paginator_type
from crm.graphql.lists.paginator import data_nodes
from crm.graphql.lists.where import Conditions, where_input
from crm.models.tallies import count_visible
from leads import models
from leads.services import dashboard
from pipelines.graphql.types import LeadPipelineStage
from pipelines.models import Stage


class LeadDashboard(graphene.ObjectType):
    """How many leads there are, by how they stand; agents are their owners."""

    total_active_leads = graphene.Int(required=True)
    total_closed_leads = graphene.Int(required=True)
    total_won_leads = graphene.Int(required=True)
    total_lost_leads = graphene.Int(required=True)
    total_rotting_leads = graphene.Int(required=True)
    total_agents = graphene.Int(required=True)


class LeadStageCount(graphene.ObjectType):
    """How many leads are in a stage, and how many of them rot."""

    stage = graphene.Field(LeadPipelineStage, required=True)
    lead_count = graphene.Int(required=True)
    rotting_count = graphene.Int(required=True)


class LeadsDashboardFilterSet(ListFilterSet):
    row_model = models.Lead
    leads_owner_id = IdColumn("owner_id")
    users_id = IdColumn("user_id")
    pipeline_id = IdColumn("pipeline_id")
    created_at = DateTimeColumn("created_at")


class OneRow(Page):
    """A page of a list that always has one row, so that nothing is counted."""

    @cached_property
    def total(self) -> int:
        return 1


DashboardPaginator = paginator_type(LeadDashboard)


class DashboardQuery(graphene.ObjectType):
    # A paginated list in the contract, although it has one row.
    leads_dashboard = Guarded(
        DashboardPaginator,
        required=True,
        where=graphene.Argument(where_input("Query", "leadsDashboard", LeadsDashboardFilterSet)),
        first=graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
        page=graphene.Int(),
    )
    lead_count = Guarded(
        graphene.Int,
    )
    leads_by_stage = Guarded(
        graphene.List(graphene.NonNull(LeadStageCount)),
        required=True,
        pipeline_id=graphene.ID(),
    )

    @staticmethod
    def resolve_leads_dashboard(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        first: int,
        page: int | None = None,
        where: Values | None = None,
    ) -> Page:
        number = check_page(first, page)
        actor = actor_of(info)
        condition = Conditions(LeadsDashboardFilterSet, actor).where(where)
        # Without ``data`` in the selection nothing needs to be counted.
        selects_data = data_nodes(info, DashboardPaginator)
        rows = [dashboard.totals(actor, condition) if selects_data else {}]
        return OneRow.over(rows, rows, first=first, page=number)

    @staticmethod
    def resolve_lead_count(_root: object, info: GraphQLResolveInfo) -> int:
        return count_visible(models.Lead, actor_of(info))

    @staticmethod
    def resolve_leads_by_stage(
        _root: object, info: GraphQLResolveInfo, *, pipeline_id: str | None = None
    ) -> list[dict[str, object]]:
        actor = actor_of(info)
        selected = selected_fields(info, "LeadStageCount", info.field_nodes)
        # Rotting leads take a statement of their own, so they are counted only if selected.
        counts = dashboard.count_by_stage(actor, pipeline_id, with_rotting="rotting_count" in selected)
        nodes = selected.get("stage", [])
        visible = Stage.objects.visible_to(actor)
        rows = load(visible, LeadPipelineStage, nodes, info) if nodes else visible
        stages = rows.in_bulk([count.stage_id for count in counts])
        return [
            {
                "stage": stages[count.stage_id],
                "lead_count": count.lead_count,
                "rotting_count": count.rotting_count,
            }
            for count in counts
            # A stage may have been deleted since its leads were counted.
            if count.stage_id in stages
        ]
