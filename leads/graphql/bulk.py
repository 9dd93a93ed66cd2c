"""Mutations of many leads."""

from dataclasses import replace
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.bulk import BulkResult, ids_argument
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.lists.where import Conditions, where_input
from crm.services.bulk import BulkResult as Result
from leads.graphql.filters import LeadFilterSet
from leads.graphql.inputs import LeadUpdateInput
from leads.graphql.mutations import NAMES
from leads.services import bulk

MAY = Action.CHANGE_LEADS


class LeadBulkMutation(graphene.ObjectType):
    """What can be changed about many leads."""

    update_leads = MutationField(
        BulkResult,
        name="updateLeads",
        permission=MAY,
        ids=ids_argument(required=False),
        where=graphene.Argument(where_input("Query", "leads", LeadFilterSet)),
        changes=graphene.Argument(LeadUpdateInput, required=True),
        expected_count=graphene.Int(),
    )
    delete_leads = MutationField(BulkResult, name="deleteLeads", permission=MAY, ids=ids_argument())
    restore_leads = MutationField(BulkResult, name="restoreLeads", permission=MAY, ids=ids_argument())

    @staticmethod
    def resolve_update_leads(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        changes: Any,
        ids: list[str] | None = None,
        where: Any = None,
        expected_count: int | None = None,
    ) -> Result:
        actor = actor_of(info)
        matching = None if where is None else Conditions(LeadFilterSet, actor).where(where)
        result = bulk.update_leads(
            ids, changes, actor=actor, matching=matching, expected_count=expected_count
        )
        result.refused = [replace(refusal, field=_path(refusal.field)) for refusal in result.refused]
        return result

    @staticmethod
    def resolve_delete_leads(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Result:
        return bulk.delete_leads(ids, actor=actor_of(info))

    @staticmethod
    def resolve_restore_leads(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Result:
        return bulk.restore_leads(ids, actor=actor_of(info))


def _path(field: str | None) -> str | None:
    """Give the place of a field in the arguments; the row itself is none of the changes."""
    if field is None or field == "id":
        return field
    head, dot, rest = field.partition(".")
    return f"changes.{NAMES.get(head, head)}{dot}{rest}"
