"""Compiled reads on PostgreSQL: one statement for each root field builds the JSON of its rows."""

from crm.graphql.compiler.compile import fallbacks, read_compiled

__all__ = ["fallbacks", "read_compiled"]
