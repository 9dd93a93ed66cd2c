"""Type of the people who take part in a lead."""

from graphene_django import DjangoObjectType

from crm.graphql.core.fields import Related
from leads import models
from people.graphql.types import People, PeopleRelationship


class LeadsParticipants(DjangoObjectType):
    """A person who has to do with a lead, and what the person is to it."""

    class Meta:
        model = models.LeadPerson
        # The contract shows only the two ends of the link, not its id.
        fields = ()

    people = Related(People, "person", required=True)
    relationship = Related(PeopleRelationship, "relationship")
