"""The content of webhooks: fixed selections of the API's schema, run as any other document."""

from collections.abc import Collection
from functools import cache
from typing import ClassVar

from django.conf import settings
from django.db import OperationalError
from django.utils.module_loading import import_string
from graphql import GraphQLSchema, get_variable_values

from crm.actors import Actor
from crm.errors import CrmError
from crm.events.audience import Event
from crm.events.kinds import kind_named
from crm.graphql.core.errors import Code
from crm.graphql.documents import Document
from crm.graphql.execution import Prepared, check_document, run
from crm.graphql.execution.operations import JsonObject
from crm.graphql.execution.shared_subscriptions import EventRoot
from crm.graphql.limits import check_variables, limits
from crm.webhooks.contents import Filter, FilterRefused, Unreadable

#: Raise it when a field is removed or changes its meaning; adding one does not change it.
VERSION = 1


class RecordContent:
    """Reads the records of one kind as ``recordUpdate`` sends them."""

    version = VERSION
    entity: ClassVar[str]
    selection: ClassVar[str]

    def check_filter(self, chosen: Filter, *, actor: Actor) -> None:
        """Refuse a filter: these records are in no list of their own that could be filtered."""
        names = kind_named(self.entity).model._meta.verbose_name_plural
        raise FilterRefused(
            f"{str(names).capitalize()} cannot be filtered: use an endpoint without a filter."
        )

    def matching(self, ids: Collection[int], chosen: Filter, *, actor: Actor) -> set[int]:
        self.check_filter(chosen, actor=actor)
        return set()

    def read(self, object_id: int, *, actor: Actor) -> JsonObject | None:
        event = Event(
            company_id=actor.company_id,
            entity=self.entity,
            object_id=object_id,
            kind="updated",
            before=None,
            after=None,
            door=actor.door,
        )
        text = f"subscription Webhook {{ recordUpdate {{ {self.entity} {{ {self.selection} }} }} }}"
        answer = run_document(text, {}, actor, root=EventRoot(event=event, reader=actor))["recordUpdate"]
        record: JsonObject | None = None if answer is None else answer[self.entity]
        return record


class ListedContent(RecordContent):
    """Reads records that a list of the API can filter."""

    #: The list, and the type of its argument ``where``.
    listed: ClassVar[tuple[str, str]]

    def check_filter(self, chosen: Filter, *, actor: Actor) -> None:
        """Check a filter by running it."""
        run_document(self._matching_document(), {"where": chosen, "first": 1}, actor)

    def matching(self, ids: Collection[int], chosen: Filter, *, actor: Actor) -> set[int]:
        """Return which of some records meet a filter now; at most as many as a page of a list holds."""
        if not ids:
            return set()
        of_these = {"column": "ID", "operator": "IN", "value": [str(pk) for pk in sorted(ids)]}
        where = {"AND": [of_these, chosen]}
        answer = run_document(self._matching_document(), {"where": where, "first": len(ids)}, actor)
        return {int(record["id"]) for record in answer["rows"]["data"]}

    def _matching_document(self) -> str:
        name, where = self.listed
        rows = f"rows: {name}(where: $where, first: $first) {{ data {{ id }} }}"
        return f"query WebhookMatching($where: {where}, $first: Int!) {{ {rows} }}"


class ActivityContent(RecordContent):
    entity = "activity"
    selection = """
        id uuid version kind text due_at done_at created_at updated_at entity_namespace entity_id
        user { id displayname email }
        assignee { id displayname email }
        done_by { id displayname email }
    """


def run_document(text: str, variables: JsonObject, actor: Actor, *, root: object = None) -> JsonObject:
    """Run a document of the product; a company's restriction to registered documents does not apply.

    :raises FilterRefused: if the variables are not valid.
    :raises Unreadable: if a field is an error; one that is not found is null instead.
    """
    prepared = _prepared(text, variables, actor)
    answer = run(prepared, root_value=root)
    if "data" not in answer:
        raise OperationalError("The database is away.")
    for error in answer.get("errors", []):
        code = error.get("extensions", {}).get("code")
        if code == Code.NOT_FOUND:
            # The record was deleted after the event; its content is null.
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
