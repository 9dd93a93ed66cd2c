"""Services of pipelines and stages."""

from pipelines.services.pipelines import (
    PipelineValues,
    create_pipeline,
    delete_pipeline,
    reorder_pipelines,
    restore_pipeline,
    save_pipeline,
    update_pipeline,
)
from pipelines.services.stages import (
    StageValues,
    create_stage,
    delete_stage,
    reorder_stages,
    restore_stage,
    save_stage,
    update_stage,
)

__all__ = [
    "PipelineValues",
    "StageValues",
    "create_pipeline",
    "create_stage",
    "delete_pipeline",
    "delete_stage",
    "reorder_pipelines",
    "reorder_stages",
    "restore_pipeline",
    "restore_stage",
    "save_pipeline",
    "save_stage",
    "update_pipeline",
    "update_stage",
]
