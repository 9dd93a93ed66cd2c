"""Whether a message is from the domain that it says: as a mail server that we trust has found (RFC 8601)."""

import re
from collections.abc import Sequence
from email.message import Message

from leads.mail.headers import values_of

_COMMENT = re.compile(r"\([^()]*\)")


def is_authentic(message: Message, sender: str, *, servers: Sequence[str]) -> bool:
    """Return whether a trusted server vouches for the domain of the sender.

    Only its topmost header counts: below it may stand one that the sender wrote.

    :param servers: the names with which trusted servers begin Authentication-Results.
    """
    domain = sender.rpartition("@")[2].lower()
    for value in values_of(message, "Authentication-Results"):
        server, _, results = _COMMENT.sub(" ", value).partition(";")
        if (server.split() or [""])[0].lower() in servers:
            return any(_vouches(result, domain) for result in results.split(";"))
    return False


def _vouches(result: str, domain: str) -> bool:
    words = result.lower().split()
    verdict, properties = (words or [""])[0], dict(word.split("=", 1) for word in words[1:] if "=" in word)
    if verdict == "dmarc=pass":
        return properties.get("header.from", "").strip('"') == domain
    if verdict == "dkim=pass":
        return properties.get("header.d", "").strip('"') == domain
    return False
