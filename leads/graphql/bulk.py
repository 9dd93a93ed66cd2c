"""Mutations of many leads."""

from dataclasses import replace

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.arguments import Values
from crm.graphql.core.bulk import BulkResult, ids_argument
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import bulk_mutation
from crm.graphql.core.permissions import actor_of
from crm.graphql.lists.where import Conditions, where_input
from crm.services.bulk import BulkResult as Result
from leads.graphql.filters import LeadFilterSet
from leads.graphql.inputs import LeadUpdateInput
from leads.graphql.mutations import NAMES
from leads.services import bulk
from leads.services.lead_input import LeadValues

PERMISSION = Action.CHANGE_LEADS


class LeadBulkMutation(graphene.ObjectType):
    update_leads = MutationField(
        BulkResult,
        permission=PERMISSION,
        ids=ids_argument(required=False),
        # The input type of the list, so that a client can use the filter of its view.
        where=graphene.Argument(where_input("Query", "leads", LeadFilterSet)),
        changes=graphene.Argument(LeadUpdateInput, required=True),
        # Protects from a filter that matches other leads than the client has shown.
        expected_count=graphene.Int(),
    )
    delete_leads = bulk_mutation(bulk.delete_leads, permission=PERMISSION)
    restore_leads = bulk_mutation(bulk.restore_leads, permission=PERMISSION)

    @staticmethod
    def resolve_update_leads(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        changes: LeadValues,
        ids: list[str] | None = None,
        where: Values | None = None,
        expected_count: int | None = None,
    ) -> Result:
        actor = actor_of(info)
        matching = None if where is None else Conditions(LeadFilterSet, actor).where(where)
        result = bulk.update_leads(
            ids, changes, actor=actor, matching=matching, expected_count=expected_count
        )
        # Services name the model's fields.
        result.refused = [replace(refusal, field=_path(refusal.field)) for refusal in result.refused]
        return result


def _path(field: str | None) -> str | None:
    """Return the path of a refused field in the arguments; an id is outside ``changes``."""
    if field is None or field == "id":
        return field
    head, dot, rest = field.partition(".")
    return f"changes.{NAMES.get(head, head)}{dot}{rest}"
