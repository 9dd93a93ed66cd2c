"""Compiled reads on PostgreSQL: one statement for each root field builds the JSON of its rows."""

from crm.graphql.compiler.answering import Begun, begin_compiled, fallbacks
from crm.graphql.compiler.records import RecordRead, compile_record

__all__ = ["Begun", "RecordRead", "begin_compiled", "compile_record", "fallbacks"]
