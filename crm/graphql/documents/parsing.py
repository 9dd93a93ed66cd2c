"""Parse the text of a document within the limits."""

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

# graphql-core raises a syntax error for these too: only the text shows the difference. It is that of the
# pinned version, and a test holds it.
TOO_MANY = re.compile(r"Syntax Error: Document contains more than \d+ (tokens|comments)\. Parsing aborted\.")
TOO_DEEP = "Syntax Error: Document is nested too deeply. Parsing aborted."


@dataclass(frozen=True, eq=False)
class Document:
    """A parsed document; ``memo`` caches what others find out about it, ``tokens`` measures its size."""

    # Equal by identity (eq=False): to compare all nodes would take longer than what the caches save.

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    fragments: dict[str, FragmentDefinitionNode]
    tokens: int
    memo: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation of this name or, without a name, the only one."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((each for each in self.operations if each.name and each.name.value == name), None)


def parse_document(text: str, *, tokens: int, comments: int, length: int, depth: int) -> Document:
    """Parse a document within the limits; ``depth`` is only for the error of one too deep for the parser."""
    if len(text) > length:
        raise TooComplex("text", length)
    try:
        # max_tokens counts no comments, and each of them takes memory as well.
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
