"""The content of webhooks about leads: a fixed selection of the API's schema."""

from collections.abc import Collection
from functools import cache

from django.conf import settings
from django.db import OperationalError
from django.utils.module_loading import import_string
from graphql import GraphQLSchema, get_variable_values

from crm.actors import Actor
from crm.errors import CrmError
from crm.graphql.core.errors import Code
from crm.graphql.documents import Document
from crm.graphql.execution import Prepared, check_document, run
from crm.graphql.execution.operations import JsonObject
from crm.graphql.limits import check_variables, limits
from crm.webhooks.contents import Filter, FilterRefused, Unreadable

#: Raise it when a field is removed or changes its meaning; adding one does not change it.
VERSION = 1
CONTENT = """
query WebhookLead($id: ID!) {
  lead(id: $id) {
    id uuid version title description firstname lastname email phone
    created_at updated_at stage_changed_at last_activity_at closed_at reason_lost
    amount currency expected_close_on probability
    status { id name category }
    type { id name }
    source { id name }
    pipeline { id name }
    stage { id name }
    lost_reason { id name }
    owner { id displayname email }
    participants { id displayname email }
    people { id uuid name firstname lastname email }
    organization { id uuid name }
    tags { id name slug }
    custom_fields { name value }
  }
}
"""
MATCHING = """
query WebhookMatching($where: QueryLeadsWhereWhereConditions, $first: Int!) {
  leads(where: $where, first: $first) { data { id } }
}
"""


class LeadContent:
    """Reads leads for webhooks by the documents above."""

    version = VERSION

    def check_filter(self, chosen: Filter, *, actor: Actor) -> None:
        """Check a filter by running it."""
        _run(MATCHING, {"where": chosen, "first": 1}, actor)

    def matching(self, ids: Collection[int], chosen: Filter, *, actor: Actor) -> set[int]:
        """Return which of some leads meet a filter now; at most as many as a page of a list holds."""
        if not ids:
            return set()
        of_these = {"column": "ID", "operator": "IN", "value": [str(pk) for pk in sorted(ids)]}
        where = {"AND": [of_these, chosen]}
        answer = _run(MATCHING, {"where": where, "first": len(ids)}, actor)
        return {int(lead["id"]) for lead in answer["leads"]["data"]}

    def read(self, object_id: int, *, actor: Actor) -> JsonObject | None:
        try:
            lead: JsonObject | None = _run(CONTENT, {"id": str(object_id)}, actor)["lead"]
        except FilterRefused as refused:
            raise Unreadable(str(refused)) from refused
        return lead


def _run(text: str, variables: JsonObject, actor: Actor) -> JsonObject:
    """Run one of the documents above; a company's restriction to registered documents does not apply."""
    prepared = _prepared(text, variables, actor)
    answer = run(prepared)
    if "data" not in answer:
        raise OperationalError("The database is away.")
    for error in answer.get("errors", []):
        code = error.get("extensions", {}).get("code")
        if code == Code.NOT_FOUND:
            # The lead was deleted after the event; its content is null.
            continue
        if code in (Code.BAD_USER_INPUT, Code.VALIDATION):
            raise FilterRefused(error["message"])
        raise Unreadable(error["message"])
    data: JsonObject = answer["data"]
    return data


def _prepared(text: str, variables: JsonObject, actor: Actor) -> Prepared:
    schema, document = _document(text)
    node = document.operations[0]
    try:
        faults = check_variables(variables, document.node, node, limits())
    except CrmError as refused:
        raise FilterRefused(refused.message) from refused
    for messages in faults.values():
        raise FilterRefused(" ".join(message for each in messages.values() for message in each))
    coerced = get_variable_values(
        schema, node.variable_definitions, variables, max_errors=1, hide_suggestions=True
    )
    if isinstance(coerced, list):
        raise FilterRefused(coerced[0].message)
    return Prepared(
        schema=schema,
        document=document,
        node=node,
        actor=actor,
        raw_variables=variables,
        variables=coerced,
        cost=0,
    )


@cache
def _document(text: str) -> tuple[GraphQLSchema, Document]:
    schema = import_string(settings.GRAPHQL_SCHEMA).graphql_schema
    return schema, check_document(schema, text, limits())
