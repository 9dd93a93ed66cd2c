"""Inputs of tags, files and custom fields."""

import graphene

from crm import models
from crm.graphql.core.scalars import JSON, Mixed
from crm.graphql.core.upload import Upload

#: With the rows that imports alone know: clients name the type of both by this one.
EntityType = graphene.Enum.from_enum(
    models.ImportKind,
    name="EntityType",
    description=lambda value: (
        "The records that tags, files and custom fields are tied to."
        if value is None
        else {"ACTIVITY": "Notes, tasks, calls, meetings and e-mails: of imports alone."}.get(value.value)
    ),
)


# updateTag takes the same input, so an update repeats the name.
class TagInput(graphene.InputObjectType):
    name = graphene.String(required=True)
    slug = graphene.String()
    weight = graphene.Int()
    is_feature = graphene.Boolean()


class AttachTagEntityInput(graphene.InputObjectType):
    tag_id = graphene.ID(required=True)
    entity_type = EntityType(required=True)
    entity_id = graphene.ID(required=True)


class FilesystemInputUrl(graphene.InputObjectType):
    name = graphene.String()
    # Stored as a link; the server never fetches it.
    url = graphene.String()
    file = Upload()
    field_name = graphene.String()
    attributes = JSON()


class FilesystemAttachInput(graphene.InputObjectType):
    filesystem_uuid = graphene.ID(required=True)
    field_name = graphene.String()
    entity_type = EntityType(required=True)
    entity_id = graphene.ID(required=True)


class CustomFieldEntityInput(graphene.InputObjectType):
    name = graphene.String(required=True)
    # Two names of one value, both in use; the service refuses two different values.
    data = Mixed()
    value = Mixed()


class CustomFieldInput(graphene.InputObjectType):
    name = graphene.String(required=True)
    data = Mixed()
    value = Mixed()
    entity_type = EntityType(required=True)
    entity_id = graphene.ID(required=True)


def external_id_input() -> graphene.String:
    """Return the input field of the id that a record has in another product."""
    return graphene.String(
        description="The id that the record has in another product. One live record has it; with its source"
        " it finds the record again."
    )


def external_source_input() -> graphene.String:
    """Return the input field of the product that an external id is from."""
    return graphene.String(
        description="The product that external_id is from, such as hubspot, in any case; required with it."
    )
