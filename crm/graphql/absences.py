"""When members are away."""

from typing import Any

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.fields import Related
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import DateTime
from crm.graphql.lists.columns import DateTimeColumn, IdColumn, ListFilterSet
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.services import absences

MAY = Action.CHANGE_ABSENCES
#: What the API calls the relations of the model.
NAMES = {"user": "user_id"}


class Absence(DjangoObjectType):
    """A time in which a member gets no leads by rotation; the end is the first moment back."""

    class Meta:
        model = models.Absence
        fields = ("id", "starts_at", "ends_at", "reason", "created_at", "updated_at")

    user = Related(User, "user", required=True)


class AbsenceInput(graphene.InputObjectType):
    user_id = graphene.ID()
    starts_at = DateTime()
    ends_at = DateTime()
    reason = graphene.String()


class AbsenceFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "starts_at", "ends_at", "created_at")}

    id = IdColumn("id")
    users_id = IdColumn("user_id")
    starts_at = DateTimeColumn("starts_at")
    ends_at = DateTimeColumn("ends_at")

    class Meta:
        model = models.Absence
        fields: list[str] = []


class AbsenceQuery(graphene.ObjectType):
    """What can be asked of absences."""

    absences = list_field("absences", Absence, AbsenceFilterSet)


class AbsenceMutation(graphene.ObjectType):
    """What can be changed about absences."""

    create_absence = MutationField(
        Absence,
        name="createAbsence",
        permission=MAY,
        prefix="input",
        names=NAMES,
        input=graphene.Argument(AbsenceInput, required=True),
    )
    update_absence = MutationField(
        Absence,
        name="updateAbsence",
        permission=MAY,
        prefix="input",
        names=NAMES,
        id=graphene.ID(required=True),
        input=graphene.Argument(AbsenceInput, required=True),
    )
    delete_absence = MutationField(
        graphene.Boolean, name="deleteAbsence", permission=MAY, id=graphene.ID(required=True)
    )

    @staticmethod
    def resolve_create_absence(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, Absence, absences.create_absence(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_absence(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, Absence, absences.update_absence(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_absence(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        absences.delete_absence(id, actor=actor_of(info))
        return True
