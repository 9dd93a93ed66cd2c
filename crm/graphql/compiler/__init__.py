"""Compiled reads on PostgreSQL: one statement per root field builds the JSON of its rows (ADR 11)."""

from crm.graphql.compiler.queries import StartedQuery, fallbacks, start_query
from crm.graphql.compiler.records import RecordRead, compile_record

__all__ = ["RecordRead", "StartedQuery", "compile_record", "fallbacks", "start_query"]
