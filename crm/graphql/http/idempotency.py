"""The header ``Idempotency-Key``: clients repeat a mutation without repeating its effect."""

from crm.credentials import Credential
from crm.graphql.execution import Prepared
from crm.graphql.http.responses import HttpRefusal
from crm.services.idempotency import LONGEST_KEY, Once, fingerprint_of

HEADER = "Idempotency-Key"
#: Sent as ``true`` with an answer that took no effect, because the key had been used for the request before.
REPLAYED = "Idempotent-Replayed"
BAD_REQUEST = 400


def once_of(key: str | None, prepared: Prepared, credential: Credential | None) -> Once | None:
    """Return the guard of a mutation sent with a key; None without a key, and for queries."""
    if key is None or credential is None or prepared.kind != "mutation":
        return None
    key = key.strip()
    if not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise HttpRefusal(BAD_REQUEST, f"The header {HEADER} holds 1 to {LONGEST_KEY} printable characters.")
    source = prepared.document.node.loc
    name = prepared.node.name
    return Once(
        company_id=credential.actor.company_id,
        account=credential.account,
        key=key,
        fingerprint=fingerprint_of(
            source.source.body if source else "", name.value if name else None, prepared.raw_variables
        ),
    )
