"""Sums of money by currency."""

import graphene

from crm.graphql.core.scalars import Decimal


class Money(graphene.ObjectType):
    """An amount in one currency; amounts of different currencies are never added up."""

    currency = graphene.String(required=True, description="Code of ISO 4217, such as EUR.")
    amount = graphene.Field(Decimal, required=True)
