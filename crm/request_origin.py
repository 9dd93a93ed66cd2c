"""The request that a process is answering: the client's address behind the proxies, its program, its host.

Set once for each HTTP request, so that no service is handed it: the audit list and invitations read it.
"""

import ipaddress
import re
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

#: The WSGI names and values of the current request's headers; empty outside requests.
current_meta: ContextVar[Mapping[str, Any]] = ContextVar("current_meta", default=MappingProxyType({}))

LONGEST_USER_AGENT = 200
#: Providers hand out networks of this size: each of their customers has 2**64 addresses.
IPV6_BLOCK = 64

_WITH_PORT = re.compile(r"\[(?P<bracketed>[^\]]*)\](?::\d+)?|(?P<plain>[^:]*):\d+")


def client_address(meta: Mapping[str, Any] | None = None) -> str | None:
    """Return the client's address in its shortest form, or None if the request has none.

    Behind ``TRUSTED_PROXY_COUNT`` proxies it is that entry of X-Forwarded-For, counted from the end: each
    proxy appends the address of its peer. What the client sent itself stands before it, and is not read.
    """
    given = current_meta.get() if meta is None else meta
    proxies = settings.TRUSTED_PROXY_COUNT
    if proxies:
        entries = str(given.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        if len(entries) >= proxies:
            forwarded = _parse(entries[-proxies])
            if forwarded is not None:
                return forwarded
    return _parse(str(given.get("REMOTE_ADDR") or ""))


def _parse(text: str) -> str | None:
    trimmed = text.strip()
    if match := _WITH_PORT.fullmatch(trimmed):
        trimmed = match["bracketed"] if match["bracketed"] is not None else match["plain"]
    try:
        # Without the zone of a link-local address, which names an interface of this machine.
        address = ipaddress.ip_address(trimmed.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def address_block(address: str) -> str:
    """Return what counts as one address: itself for IPv4, its network of 64 bits for IPv6."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_BLOCK), strict=False))


def user_agent() -> str:
    """Return what the client's program calls itself, cut to a line that can be stored."""
    sent = str(current_meta.get().get("HTTP_USER_AGENT", ""))
    return "".join(letter if letter.isprintable() else " " for letter in sent[:LONGEST_USER_AGENT]).strip()


def public_address() -> str:
    """Return the start of the product's addresses for a mail: PUBLIC_URL, else the host of the request.

    Outside requests it is the first allowed host, in debug this machine.
    """
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    meta = current_meta.get()
    if meta:
        request = HttpRequest()
        request.META = dict(meta)
        try:
            # Refuses a host that DJANGO_ALLOWED_HOSTS does not name.
            host = request.get_host()
        except DisallowedHost:
            host = ""
        if host:
            return f"{_scheme(meta)}://{host}"
    hosts = [name for name in settings.ALLOWED_HOSTS if name[:1] not in ("*", ".")]
    if settings.DEBUG or not hosts:
        return f"http://127.0.0.1:{settings.PORT}"
    return f"https://{hosts[0]}"


def _scheme(meta: Mapping[str, Any]) -> str:
    name, value = settings.SECURE_PROXY_SSL_HEADER or ("", "")
    if name and str(meta.get(name, "")).split(",")[0].strip() == value:
        return "https"
    # Under ASGI there is no such key: that server speaks plain HTTP.
    return str(meta.get("wsgi.url_scheme", "http"))
