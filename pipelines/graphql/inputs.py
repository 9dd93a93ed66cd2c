"""Inputs of pipelines and stages."""

import graphene


class PipelineStageInput(graphene.InputObjectType):
    id = graphene.ID()
    pipelines_id = graphene.ID()
    pipeline_id = graphene.ID()
    name = graphene.String()
    description = graphene.String()
    rotting_days = graphene.Int()
    weight = graphene.Int()


class PipelineInput(graphene.InputObjectType):
    name = graphene.String()
    slug = graphene.String()
    description = graphene.String()
    weight = graphene.Int()
    is_default = graphene.Boolean()
    stages = graphene.List(graphene.NonNull(PipelineStageInput))
