"""Absences of members, during which rotations skip them."""

import graphene
from graphene_django import DjangoObjectType

from crm import models
from crm.actors import Action
from crm.graphql.core.fields import Related
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.core.scalars import DateTime
from crm.graphql.lists.columns import DateTimeColumn, IdColumn, ListFilterSet
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.services import absences

PERMISSION = Action.CHANGE_ABSENCES
#: The API's names of model fields, where they differ.
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
    # Exclusive: the first moment back.
    ends_at = DateTime()
    reason = graphene.String()


class AbsenceFilterSet(ListFilterSet):
    row_model = models.Absence
    order_columns = {name: name for name in ("id", "starts_at", "ends_at", "created_at")}

    id = IdColumn("id")
    users_id = IdColumn("user_id")
    starts_at = DateTimeColumn("starts_at")
    ends_at = DateTimeColumn("ends_at")


class AbsenceQuery(graphene.ObjectType):
    absences = list_field("absences", Absence, AbsenceFilterSet)


class AbsenceMutation(graphene.ObjectType):
    create_absence = create_mutation(
        Absence, absences.create_absence, AbsenceInput, permission=PERMISSION, names=NAMES
    )
    update_absence = update_mutation(
        Absence, absences.update_absence, AbsenceInput, permission=PERMISSION, names=NAMES
    )
    delete_absence = delete_mutation(absences.delete_absence, permission=PERMISSION)
