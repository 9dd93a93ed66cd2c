"""Mutations of pipelines and stages."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import load, refetch
from pipelines import services
from pipelines.graphql.inputs import PipelineInput, PipelineStageInput
from pipelines.graphql.types import LeadPipeline, LeadPipelineStage
from pipelines.models import Pipeline

MAY = Action.CHANGE_PIPELINES


class Mutation(graphene.ObjectType):
    """What can be changed about pipelines and stages."""

    create_pipeline = MutationField(
        LeadPipeline,
        name="createPipeline",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(PipelineInput, required=True),
    )
    update_pipeline = MutationField(
        LeadPipeline,
        name="updatePipeline",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(PipelineInput, required=True),
    )
    delete_pipeline = MutationField(
        graphene.Boolean,
        name="deletePipeline",
        permission=MAY,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )
    reorder_pipelines = MutationField(
        graphene.List(graphene.NonNull(LeadPipeline)),
        name="reorderPipelines",
        permission=MAY,
        ids=graphene.List(graphene.NonNull(graphene.ID), required=True),
    )
    reorder_pipeline_stages = MutationField(
        LeadPipeline,
        name="reorderPipelineStages",
        permission=MAY,
        id=graphene.ID(required=True),
        stages_id=graphene.List(graphene.NonNull(graphene.ID), required=True),
    )
    restore_pipeline = MutationField(
        graphene.Boolean, name="restorePipeline", permission=MAY, id=graphene.ID(required=True)
    )
    create_pipeline_stage = MutationField(
        LeadPipelineStage,
        name="createPipelineStage",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(PipelineStageInput, required=True),
    )
    update_pipeline_stage = MutationField(
        LeadPipelineStage,
        name="updatePipelineStage",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(PipelineStageInput, required=True),
    )
    delete_pipeline_stage = MutationField(
        graphene.Boolean,
        name="deletePipelineStage",
        permission=MAY,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )
    restore_pipeline_stage = MutationField(
        graphene.Boolean, name="restorePipelineStage", permission=MAY, id=graphene.ID(required=True)
    )

    @staticmethod
    def resolve_create_pipeline(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, LeadPipeline, services.create_pipeline(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_pipeline(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Any,
    ) -> Any:
        return refetch(info, LeadPipeline, services.update_pipeline(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_pipeline(
        _root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None
    ) -> bool:
        services.delete_pipeline(id, actor=actor_of(info), replacement_key=replacement_id)
        return True

    @staticmethod
    def resolve_reorder_pipelines(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Any:
        actor = actor_of(info)
        services.reorder_pipelines(ids, actor=actor)
        return load(Pipeline.objects.visible_to(actor), LeadPipeline, info.field_nodes, info).order_by(
            "weight", "pk"
        )

    @staticmethod
    def resolve_reorder_pipeline_stages(
        _root: Any, info: GraphQLResolveInfo, *, id: str, stages_id: list[str]
    ) -> Any:
        return refetch(info, LeadPipeline, services.reorder_stages(id, stages_id, actor=actor_of(info)))

    @staticmethod
    def resolve_restore_pipeline(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        services.restore_pipeline(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_create_pipeline_stage(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, LeadPipelineStage, services.create_stage(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_pipeline_stage(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Any,
    ) -> Any:
        return refetch(info, LeadPipelineStage, services.update_stage(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_pipeline_stage(
        _root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None
    ) -> bool:
        services.delete_stage(id, actor=actor_of(info), replacement_key=replacement_id)
        return True

    @staticmethod
    def resolve_restore_pipeline_stage(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        services.restore_stage(id, actor=actor_of(info))
        return True
