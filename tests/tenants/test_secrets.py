"""No name of a secret is in what the API answers, or can be compared and ordered by."""

from graphql import GraphQLEnumType, GraphQLObjectType

from tests.clients import GraphQLSchema

SECRETS = ("password", "token", "secret", "hash", "is_staff", "is_superuser", "last_login", "canonical")


def test_no_output_type_names_a_secret():
    fields = [
        f"{name}.{field}"
        for name, kind in GraphQLSchema.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        for field in kind.fields
    ]

    assert "User.email" in fields
    assert [field for field in fields if any(secret in field.casefold() for secret in SECRETS)] == []


def test_no_column_of_a_list_names_a_secret():
    columns = [
        f"{name}.{value}"
        for name, kind in GraphQLSchema.type_map.items()
        if isinstance(kind, GraphQLEnumType) and name.endswith("Column")
        for value in kind.values
    ]

    assert "QueryUsersWhereColumn.EMAIL" in columns
    assert [column for column in columns if any(secret in column.casefold() for secret in SECRETS)] == []
