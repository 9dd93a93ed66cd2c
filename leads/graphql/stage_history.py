"""Type of a lead's visits to stages."""

import graphene
from django.utils import timezone
from graphene_django import DjangoObjectType

from crm.graphql.core.fields import Derived, Related
from crm.graphql.types import User
from leads import models
from pipelines.graphql.types import LeadPipelineStage


def _seconds(visit: models.StageVisit) -> int:
    """Return how long a lead stayed in the stage, or has been there until now."""
    return int(((visit.left_at or timezone.now()) - visit.entered_at).total_seconds())


class LeadStageVisit(DjangoObjectType):
    """One stay of a lead in a stage; the names are those of that time."""

    class Meta:
        model = models.StageVisit
        fields = ("id", "stage_name", "pipeline_name", "entered_at", "left_at", "door", "via")

    # Null once the stage is deleted: the visit has the names of its time.
    stage = Related(LeadPipelineStage, "stage")
    user = Related(User, "user")
    seconds = Derived(graphene.Int, ("entered_at", "left_at"), _seconds, required=True)
    days = Derived(
        graphene.Int, ("entered_at", "left_at"), lambda visit: _seconds(visit) // 86_400, required=True
    )
