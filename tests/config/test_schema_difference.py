from graphql import build_schema

from config.schema_difference import difference

CONTRACT = build_schema("type Query { a(x: Int, y: Int): Int b: Tag } type Tag { id: ID name: String }")


def test_order_does_not_matter():
    code = build_schema("type Tag { name: String id: ID } type Query { b: Tag a(y: Int, x: Int): Int }")

    assert difference(CONTRACT, code) == ""


def test_differing_lines_are_shown():
    code = build_schema("type Query { a(x: Int, y: Int): Int b: Tag } type Tag { id: ID! name: String }")

    changed = [line for line in difference(CONTRACT, code).splitlines() if line[:1] in "+-"]

    assert changed == ["--- config/schema.graphql", "+++ the code", "-  id: ID", "+  id: ID!"]
