"""The content of webhooks about pipelines and stages."""

from crm.graphql.webhooks.contents import RecordContent


class PipelineContent(RecordContent):
    entity = "pipeline"
    selection = "id name slug description weight is_default created_at updated_at stages { id name weight }"


class StageContent(RecordContent):
    entity = "stage"
    selection = "id name description weight rotting_days pipeline { id name }"
