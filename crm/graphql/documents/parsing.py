"""Documents: from text to what can be run."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
)

from crm.graphql.core.errors import TooComplex

# The parser has no type of its own for these; the texts are those of the pinned version, and tested.
TOO_MANY = re.compile(r"Syntax Error: Document contains more than \d+ (tokens|comments)\. Parsing aborted\.")
TOO_DEEP = "Syntax Error: Document is nested too deeply. Parsing aborted."


@dataclass(frozen=True, eq=False)
class Document:
    """A parsed document with its definitions at hand; ``tokens`` is a measure of its size in memory.

    Two are the same only if they are one: to compare their nodes would take longer than to use them.
    ``memo`` holds what was found out about the document since, by whoever did.
    """

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    fragments: dict[str, FragmentDefinitionNode]
    tokens: int
    memo: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Give the operation of this name, or the only one if no name is given."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((each for each in self.operations if each.name and each.name.value == name), None)


def parse_document(text: str, *, tokens: int, comments: int, length: int, depth: int) -> Document:
    """Parse a document, reading no further than the limits; ``depth`` only names the limit in the refusal.

    :raises TooComplex: if the text, its tokens or comments are too many, or it is nested too deeply.
    :raises GraphQLSyntaxError: if it is no GraphQL.
    """
    if len(text) > length:
        raise TooComplex("text", length)
    try:
        # The limit on lexical tokens does not count comments; this one does.
        node = parse(text, max_tokens=tokens, max_comments=comments)
    except GraphQLSyntaxError as error:
        excess = TOO_MANY.fullmatch(error.message)
        if excess:
            raise TooComplex(excess[1], tokens if excess[1] == "tokens" else comments) from error
        if error.message == TOO_DEEP:
            raise TooComplex("depth", depth) from error
        raise
    return Document(
        node,
        tuple(each for each in node.definitions if isinstance(each, OperationDefinitionNode)),
        {each.name.value: each for each in node.definitions if isinstance(each, FragmentDefinitionNode)},
        _count_tokens(node),
    )


def _count_tokens(node: DocumentNode) -> int:
    count = 0
    token = node.loc.start_token if node.loc else None
    while token is not None:
        count += 1
        token = token.next
    return count
