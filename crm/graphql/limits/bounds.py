"""The limits and their defaults, which the setting ``GRAPHQL_LIMITS`` overrides."""

from dataclasses import dataclass

from django.conf import settings

from crm.graphql.core.errors import TooComplex
from crm.services.files import LARGEST_FILE


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one request; their names are the keys of the setting ``GRAPHQL_LIMITS``."""

    #: Levels of fields, through fragments. ``__schema`` and ``__type`` are exempt from depth and cost.
    depth: int = 12
    #: Objects in the response, at most (see ``cost_of``).
    cost: int = 5_000
    #: Cost of a page without ``first``, and the most that ``first`` counts for.
    page_default: int = 25
    page: int = 100
    #: Cost of a nested list that has no ``first``.
    unpaged_list: int = 5
    #: Aliases, and fields repeated in one selection set; each use of a fragment counts.
    aliases: int = 30
    #: Fields at the root of one operation.
    root_fields: int = 20
    #: Definitions of each kind in one document.
    operations: int = 10
    fragments: int = 50
    #: What the parser reads: tokens without comments, characters, comments.
    tokens: int = 2_000
    text: int = 100_000
    comments: int = 200
    #: Bytes of a request's body, or of its query string.
    body: int = 256 * 1024
    #: Bytes of each file of a multipart form, and the number of files; its fields have the limit of a body.
    file: int = LARGEST_FILE
    files: int = 10
    #: Directives on one node, and in one document.
    directives_per_node: int = 4
    directives: int = 20
    #: Variables of one operation.
    variables: int = 100
    #: Items of one list in the input.
    list_items: int = 250
    #: Levels of lists and objects in one value of the input.
    input_depth: int = 50
    #: Errors in one response.
    errors: int = 5
    #: Tokens of the validated documents that a process caches.
    kept_tokens: int = 50_000

    def check(self, limit: str, found: int) -> None:
        """Raise ``TooComplex`` if a number is above the limit of this name."""
        most: int = getattr(self, limit)
        if found > most:
            raise TooComplex(limit, most)


DEFAULTS = Limits()


def limits() -> Limits:
    # Not at import: tests override the setting.
    changed = settings.GRAPHQL_LIMITS
    return Limits(**changed) if changed else DEFAULTS
