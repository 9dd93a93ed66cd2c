"""The content of webhooks about people and organizations."""

from crm.graphql.webhooks.contents import ListedContent


class PersonContent(ListedContent):
    entity = "people"
    listed = ("peoples", "QueryPeoplesWhereWhereConditions")
    selection = """
        id uuid version name firstname middlename lastname email dob created_at updated_at
        user { id displayname email }
        contacts { id value weight type { id name } }
        address { id address address_2 city county state zip country is_default }
        organizations { id uuid name }
        tags { id name slug }
        custom_fields { name value }
    """


class OrganizationContent(ListedContent):
    entity = "organization"
    listed = ("organizations", "QueryOrganizationsWhereWhereConditions")
    selection = """
        id uuid version name email address city state zip country created_at updated_at
        user { id displayname email }
        tags { id name slug }
        custom_fields { name value }
    """
