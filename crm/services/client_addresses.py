"""The address of a client, behind a known number of proxies."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from django.conf import settings


def client_address(meta: Mapping[str, Any]) -> str | None:
    """Return the address of the client of a request, from its ``META``; None if it is unknown.

    Each proxy appends the address that it was called from, so that of the client is the entry that the
    outermost of our own proxies has appended. What stands before it, the client may have made up.
    """
    address = str(meta.get("REMOTE_ADDR", ""))
    if count := settings.TRUSTED_PROXY_COUNT:
        hops = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        address = hops[-count].strip() if len(hops) >= count else address
    try:
        return str(ip_address(address))
    except ValueError:
        return None
