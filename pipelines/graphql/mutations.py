"""Mutations of pipelines and stages."""

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.bulk import ids_argument
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import (
    create_mutation,
    delete_mutation,
    reorder_mutation,
    restore_mutation,
    update_mutation,
)
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from pipelines.graphql.inputs import PipelineInput, PipelineStageInput
from pipelines.graphql.types import LeadPipeline, LeadPipelineStage
from pipelines.services import pipelines, stages

PERMISSION = Action.CHANGE_PIPELINES


class Mutation(graphene.ObjectType):
    create_pipeline = create_mutation(
        LeadPipeline, pipelines.create_pipeline, PipelineInput, permission=PERMISSION
    )
    update_pipeline = update_mutation(
        LeadPipeline, pipelines.update_pipeline, PipelineInput, permission=PERMISSION
    )
    delete_pipeline = delete_mutation(pipelines.delete_pipeline, permission=PERMISSION, replaceable=True)
    reorder_pipelines = reorder_mutation(LeadPipeline, pipelines.reorder_pipelines, permission=PERMISSION)
    reorder_pipeline_stages = MutationField(
        LeadPipeline,
        permission=PERMISSION,
        id=graphene.ID(required=True),
        stages_id=ids_argument(),
    )
    restore_pipeline = restore_mutation(pipelines.restore_pipeline, permission=PERMISSION)
    create_pipeline_stage = create_mutation(
        LeadPipelineStage,
        stages.create_stage,
        PipelineStageInput,
        permission=PERMISSION,
    )
    update_pipeline_stage = update_mutation(
        LeadPipelineStage,
        stages.update_stage,
        PipelineStageInput,
        permission=PERMISSION,
    )
    delete_pipeline_stage = delete_mutation(stages.delete_stage, permission=PERMISSION, replaceable=True)
    restore_pipeline_stage = restore_mutation(stages.restore_stage, permission=PERMISSION)

    @staticmethod
    def resolve_reorder_pipeline_stages(
        _root: object, info: GraphQLResolveInfo, *, id: str, stages_id: list[str]
    ) -> object:
        return refetch(info, LeadPipeline, stages.reorder_stages(id, stages_id, actor=actor_of(info)))
