"""Columns of the list of pipelines."""

from crm.graphql.lists.columns import (
    BooleanColumn,
    HasRelation,
    IdColumn,
    IntegerColumn,
    ListFilterSet,
    TextColumn,
)
from pipelines import models


class PipelineFilterSet(ListFilterSet):
    row_model = models.Pipeline
    # hasStages looks at live stages only, as every relation does.
    relations = {"stages": HasRelation("stages", {"id": IdColumn("id"), "name": TextColumn("name")})}
    order_columns = {
        name: name for name in ("id", "created_at", "updated_at", "weight", "slug", "name", "is_default")
    }

    id = IdColumn("id")
    companies_id = IdColumn("company_id")
    name = TextColumn("name")
    slug = TextColumn("slug")
    weight = IntegerColumn("weight")
    is_default = BooleanColumn("is_default")
