"""Types of pipelines and stages."""

import graphene
from graphene_django import DjangoObjectType

from crm.graphql.core.amount_lists import AmountList
from crm.graphql.core.fields import Attribute, Computed, Related, count_by
from crm.graphql.core.list_fields import RelatedList
from crm.graphql.types import Company
from pipelines import models
from pipelines.models import visible_lead_count, visible_open_amounts


class LeadPipelineStage(DjangoObjectType):
    """One step of a pipeline."""

    class Meta:
        model = models.Stage
        fields = ("id", "name", "description", "rotting_days", "weight")

    probability = Attribute(
        graphene.Int,
        "probability",
        required=True,
        description="How likely the open leads in this stage are to be won, in percent, unless a lead has a"
        " probability of its own.",
    )
    pipeline = Related(lambda: LeadPipeline, "pipeline", required=True)
    lead_count = Computed(graphene.Int, "lead_count", lambda actor: visible_lead_count(actor, key="stage"))
    open_amount = AmountList(
        "stage_id",
        lambda actor: visible_open_amounts(actor, key="stage"),
        description="What the open leads in the stage are worth, by currency, in the order of the codes.",
    )


class LeadPipeline(DjangoObjectType):
    """A sequence of stages that leads move through."""

    class Meta:
        model = models.Pipeline
        fields = ("id", "name", "slug", "description", "weight", "created_at", "updated_at")

    company = Related(Company, "company", required=True)
    # Nullable in the contract, unlike the column.
    is_default = Attribute(graphene.Boolean, "is_default")
    stage_count = Computed(
        graphene.Int,
        "stage_count",
        lambda actor: count_by(models.Stage.objects.visible_to(actor), "pipeline"),
    )
    lead_count = Computed(graphene.Int, "lead_count", lambda actor: visible_lead_count(actor, key="pipeline"))
    open_amount = AmountList(
        "pipeline_id",
        lambda actor: visible_open_amounts(actor, key="pipeline"),
        description="What the open leads in the pipeline are worth, by currency, in the order of the codes.",
    )
    stages = RelatedList(LeadPipelineStage, "stages", ordering=("weight",))
