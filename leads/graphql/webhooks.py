"""What receivers of webhooks are told of a lead: a fixed selection, read as the API reads it."""

from collections.abc import Collection
from functools import cache
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.utils.module_loading import import_string
from graphql import GraphQLSchema, get_variable_values

from crm.actors import Actor
from crm.errors import CrmError
from crm.graphql.core.errors import Code
from crm.graphql.documents import Document
from crm.graphql.execution import Prepared, check_document, run
from crm.graphql.limits import NullCharacters, check_variables, limits
from crm.webhooks.contents import Filter, FilterRefused, Unreadable

#: A field may be added; one that goes away or changes its meaning makes the next version.
VERSION = 1
CONTENT = """
query WebhookLead($id: ID!) {
  lead(id: $id) {
    id uuid version title description firstname lastname email phone
    created_at updated_at stage_changed_at last_activity_at closed_at reason_lost
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
    """Leads, as the documents above read them for the actor."""

    version = VERSION

    def check_filter(self, chosen: Filter, *, actor: Actor) -> None:
        """Ask for leads by the filter.

        :raises FilterRefused: if it does not fit.
        """
        _ask(MATCHING, {"where": chosen, "first": 1}, actor)

    def matching(self, ids: Collection[int], chosen: Filter, *, actor: Actor) -> set[int]:
        """Give those of some leads that meet a filter now, a page of a list at most.

        :raises FilterRefused: if the filter fits no longer.
        :raises Unreadable: if it could not be found out.
        """
        if not ids:
            return set()
        of_these = {"column": "ID", "operator": "IN", "value": [str(pk) for pk in sorted(ids)]}
        where = {"AND": [of_these, chosen]}
        answer = _ask(MATCHING, {"where": where, "first": len(ids)}, actor)
        return {int(lead["id"]) for lead in answer["leads"]["data"]}

    def read(self, object_id: int, *, actor: Actor) -> dict[str, Any] | None:
        """Give the lead.

        :raises Unreadable: if it could not be read.
        """
        try:
            lead: dict[str, Any] | None = _ask(CONTENT, {"id": str(object_id)}, actor)["lead"]
        except FilterRefused as refused:
            raise Unreadable(str(refused)) from refused
        return lead


def _ask(text: str, variables: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Run one of the documents above, whether or not the company lets registered ones run alone.

    :raises FilterRefused: if a variable does not fit.
    :raises Unreadable: if there is no answer.
    """
    prepared = _prepared(text, variables, actor)
    answer = run(prepared)
    if "data" not in answer:
        raise OperationalError("The database is away.")
    for error in answer.get("errors", []):
        code = error.get("extensions", {}).get("code")
        if code == Code.NOT_FOUND:
            continue
        if code in (Code.BAD_USER_INPUT, Code.VALIDATION):
            raise FilterRefused(error["message"])
        raise Unreadable(error["message"])
    data: dict[str, Any] = answer["data"]
    return data


def _prepared(text: str, variables: dict[str, Any], actor: Actor) -> Prepared:
    schema, document = _document(text)
    node = document.operations[0]
    try:
        check_variables(variables, document.node, limits())
    except CrmError as refused:
        raise FilterRefused(refused.message) from refused
    except NullCharacters as refused:
        raise FilterRefused(str(refused)) from refused
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
