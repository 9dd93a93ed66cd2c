"""Every list below an object takes ``first``, or is short for a reason that stands here."""

from graphql import GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type, is_list_type

from tests.clients import GraphQLSchema

#: Lists without ``first``, and what bounds them.
BOUNDED = {
    "BulkResult.refused": "by the ids of the input, and cut by the service",
    "LeadForecast.periods": "by the service, at most 120",
    "LeadForecast.undated": "by the currencies",
    "LeadForecastPeriod.sums": "by the currencies",
    **{f"Lead{name}Outcome.amounts": "by the currencies" for name in ("Owner", "Reason", "Source", "Type")},
    "LeadReport.cycle_time": "by the service, at most 120 months",
    "LeadReport.funnel": "by the most stages of a pipeline",
    "LeadReport.new_leads": "by the service, at most 367 days",
    "LeadPipeline.open_amount": "by the currencies",
    "LeadPipelineStage.open_amount": "by the currencies",
    "LeadEventPage.events": "by first of its page",
    "MergePreview.fields": "by the columns of the model",
    "MergePreview.moves": "by the relations of the model",
    "NotificationPreferences.kinds": "by the kinds of notifications",
    "OrganizationDuplicate.organizations": "cut at 25; size tells how many there are",
    "PeopleDuplicate.people": "cut at 25; size tells how many there are",
    "RecordEventPage.events": "by first of its page",
    "TimelineEntry.changes": "by the columns of the model",
}


def unsized_lists() -> set[str]:
    roots = {GraphQLSchema.query_type, GraphQLSchema.mutation_type, GraphQLSchema.subscription_type}
    return {
        f"{name}.{field_name}"
        for name, type_ in GraphQLSchema.type_map.items()
        if isinstance(type_, GraphQLObjectType) and type_ not in roots and not name.startswith("__")
        for field_name, field in type_.fields.items()
        if is_list_type(get_nullable_type(field.type))
        and not is_leaf_type(get_named_type(field.type))
        and "first" not in field.args
        # Bounded by the arguments of the list.
        and not (name.endswith("Paginator") and field_name == "data")
    }


def test_every_nested_list_takes_first():
    assert unsized_lists() == BOUNDED.keys()
