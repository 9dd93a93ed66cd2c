"""List and mutations of the relationships that people can have to leads."""

import graphene

from crm.actors import Action
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.lists.columns import IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from leads.services import relationships
from people import models
from people.graphql.inputs import PeopleRelationshipInput
from people.graphql.types import PeopleRelationship

PERMISSION = Action.CHANGE_LOOKUPS


class PeopleRelationshipFilterSet(ListFilterSet):
    row_model = models.PeopleRelationship
    order_columns = {name: name for name in ("id", "name")}

    id = IdColumn("id")
    name = TextColumn("name")
    description = TextColumn("description")


class RelationshipQuery(graphene.ObjectType):
    people_relationships = list_field("peopleRelationships", PeopleRelationship, PeopleRelationshipFilterSet)


class RelationshipMutation(graphene.ObjectType):
    create_people_relationship = create_mutation(
        PeopleRelationship, relationships.create_relationship, PeopleRelationshipInput, permission=PERMISSION
    )
    update_people_relationship = update_mutation(
        PeopleRelationship, relationships.update_relationship, PeopleRelationshipInput, permission=PERMISSION
    )
    delete_people_relationship = delete_mutation(
        relationships.delete_relationship,
        permission=PERMISSION,
        replaceable=True,
    )
