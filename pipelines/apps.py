from django.apps import AppConfig


class PipelinesConfig(AppConfig):
    name = "pipelines"

    def ready(self) -> None:
        from crm.events import kinds
        from crm.webhooks import contents
        from pipelines.models import Pipeline, Stage

        kinds.register(
            kinds.LoggedKind(
                entity="pipeline", model=Pipeline, graphql_type="pipelines.graphql.types.LeadPipeline"
            )
        )
        kinds.register(
            kinds.LoggedKind(
                entity="stage", model=Stage, graphql_type="pipelines.graphql.types.LeadPipelineStage"
            )
        )
        contents.register("pipeline", "pipelines.graphql.webhooks.PipelineContent")
        contents.register("stage", "pipelines.graphql.webhooks.StageContent")
