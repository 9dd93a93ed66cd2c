"""Types of rotations; a module of their own because the types of receivers and logs refer to them."""

import graphene
from graphene_django import DjangoObjectType

from crm.graphql.core.fields import Attribute, Related
from crm.graphql.core.list_fields import RelatedList
from crm.graphql.types import Company, User
from leads import models


class LeadRotationAgent(DjangoObjectType):
    """An agent's share in a rotation; hits are the leads that it got since it joined."""

    class Meta:
        model = models.LeadRotationAgent
        fields = ("id", "phone", "hits", "created_at", "updated_at")

    user = Related(User, "user", required=True)
    # graphene-django would return a decimal as text.
    percent = Attribute(graphene.Float, "percent", required=True)


class LeadRotation(DjangoObjectType):
    """A set of agents among whom new leads are shared out by percentages, which need not add up to 100."""

    class Meta:
        model = models.LeadRotation
        fields = ("id", "name", "leads_rotations_email", "hits", "created_at", "updated_at")

    company = Related(Company, "company", required=True)
    agents = RelatedList(LeadRotationAgent, "agents", ordering=(), required=True)
