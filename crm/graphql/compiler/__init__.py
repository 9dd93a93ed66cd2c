"""Compiled reads on PostgreSQL: one statement for each root field builds the JSON of its rows."""

from crm.graphql.compiler.compile import fallbacks, read_compiled
from crm.graphql.compiler.records import RecordRead, compile_record

__all__ = ["RecordRead", "compile_record", "fallbacks", "read_compiled"]
