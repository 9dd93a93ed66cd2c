"""The limits themselves: defaults here, changed by the setting ``GRAPHQL_LIMITS``."""

from dataclasses import dataclass

from django.conf import settings

from crm.graphql.core.errors import TooComplex
from crm.services.files import LARGEST_FILE


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a request may ask for; the fields are the keys of the setting ``GRAPHQL_LIMITS``."""

    #: Levels of fields, through fragments; ``__schema`` and ``__type`` are exempt from depth and cost.
    depth: int = 12
    #: Objects the answer may hold.
    cost: int = 5_000
    #: Objects on a page: what ``first`` counts for when it is absent, and what it counts for at most.
    page_default: int = 25
    page: int = 100
    #: Objects that a nested list without ``first`` counts for.
    unpaged_list: int = 5
    #: Aliases, and fields repeated in one selection set, each use of a fragment counted.
    aliases: int = 30
    #: Fields at the root of one operation.
    root_fields: int = 20
    #: Definitions of each kind in one document.
    operations: int = 10
    fragments: int = 50
    #: What the parser reads: tokens (comments count), characters, comments.
    tokens: int = 2_000
    text: int = 100_000
    comments: int = 200
    #: Bytes of a request's body, or of its query string.
    body: int = 256 * 1024
    #: Bytes of each file of a multipart form, whose fields have the limit of a body each; and its files.
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
    #: Errors in one answer.
    errors: int = 5
    #: Tokens of the checked documents that a process keeps for the next request.
    kept_tokens: int = 50_000

    def check(self, limit: str, found: int) -> None:
        """Compare a number with the limit of this name.

        :raises TooComplex: if the number is above the limit.
        """
        most: int = getattr(self, limit)
        if found > most:
            raise TooComplex(limit, most)


DEFAULTS = Limits()


def limits() -> Limits:
    """Give the limits in force.

    :raises TypeError: if the setting has a key that is no limit.
    """
    changed = getattr(settings, "GRAPHQL_LIMITS", None)
    return Limits(**changed) if changed else DEFAULTS
