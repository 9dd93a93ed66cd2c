"""The arguments that forecasts and reports have in common."""

from typing import Any

import graphene

from crm.graphql.core.scalars import Date


def report_arguments(**also: object) -> dict[str, Any]:
    """Return the arguments of a report: its days, and the pipeline and owner of its leads."""
    return {
        "from_": graphene.Argument(
            Date, required=True, name="from", description="The first day, in the company's time zone."
        ),
        "to": graphene.Argument(Date, required=True, description="The last day, in the company's time zone."),
        "pipeline_id": graphene.ID(description="Leads that are in this pipeline now; all without it."),
        "owner_id": graphene.ID(description="Leads that this member owns now; all without it."),
        **also,
    }
