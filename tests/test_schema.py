"""The code serves the contract, byte for byte."""

from config.schema import schema
from config.schema_difference import CONTRACT, printed


def test_code_prints_the_contract():
    assert printed(schema.graphql_schema) == CONTRACT.read_text(), "`make schema` shows the difference"
