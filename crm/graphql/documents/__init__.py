"""Documents: parsed, cached, found by their hash, and registered."""

from crm.graphql.documents.cache import DocumentCache
from crm.graphql.documents.lookup import find_document
from crm.graphql.documents.parsing import Document, parse_document
from crm.graphql.documents.persisted import hash_of, names_document, remember

__all__ = [
    "Document",
    "DocumentCache",
    "find_document",
    "hash_of",
    "names_document",
    "parse_document",
    "remember",
]
