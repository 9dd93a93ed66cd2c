"""The code is the contract, byte for byte."""

from graphql import lexicographic_sort_schema, print_schema

from config.schema import schema
from config.schema_difference import CONTRACT


def test_code_prints_the_contract() -> None:
    printed = print_schema(lexicographic_sort_schema(schema.graphql_schema)) + "\n"

    assert printed == CONTRACT.read_text(), (
        "The code's schema is not config/schema.graphql. `make schema` shows the difference. A change of the"
        " API is written into config/schema.graphql first; then the code follows."
    )
