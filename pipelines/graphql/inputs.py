"""Inputs of pipelines and stages."""

import graphene


class PipelineStageInput(graphene.InputObjectType):
    id = graphene.ID()
    # Two names of one field; the service refuses two different values.
    pipelines_id = graphene.ID()
    pipeline_id = graphene.ID()
    name = graphene.String()
    description = graphene.String()
    rotting_days = graphene.Int()
    probability = graphene.Int(
        description="How likely the open leads in this stage are to be won, in percent, 0 to 100. A new stage"
        " has 100."
    )
    weight = graphene.Int()


class PipelineInput(graphene.InputObjectType):
    name = graphene.String()
    slug = graphene.String()
    description = graphene.String()
    weight = graphene.Int()
    is_default = graphene.Boolean()
    # An update adds those without an id and changes the others; it removes none.
    stages = graphene.List(graphene.NonNull(PipelineStageInput))
