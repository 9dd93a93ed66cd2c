"""Checks URLs and addresses before anything is sent to them, to protect private networks."""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 networks that embed an IPv4 address, and the number of bits to the right of it.
LEADING_TO_IPV4 = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
#: The third quarter of an ISATAP address, below any prefix; the last one is an IPv4 address.
ISATAP = frozenset({0x00005EFE, 0x02005EFE})
#: The part of IPv6 that is assigned to the internet: nothing else is public, whatever Python says of it.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: Never allowed. Listed here because Python's own lists differ from one release to the next.
NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
#: Private networks: allowed by WEBHOOK_ALLOW_PRIVATE.
PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "::1/128",
        "fc00::/7",
    )
)


#: The port of https, which webhooks may always use.
USUAL_PORT = 443


class BadAddress(ValueError):
    """Raised for an address that nothing may be sent to; the text explains why to a person."""


@dataclass(frozen=True)
class Target:
    """The parts of a URL that are needed to send to it."""

    is_https: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Parse a URL without looking up its host; refuse one that nothing may be sent to."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadAddress("Write the URL in ASCII without spaces: percent-encode other characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress("This is not a URL.") from error
    schemes = ("https", "http") if settings.WEBHOOK_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise BadAddress(f"The URL must begin with {' or '.join(f'{each}://' for each in schemes)}.")
    if "@" in parts.netloc:
        raise BadAddress("The URL must not contain a user or a password.")
    if parts.fragment:
        raise BadAddress("The URL must not contain a fragment (#...).")
    if port == 0:
        raise BadAddress("Port 0 does not exist: choose another one.")
    is_https = parts.scheme == "https"
    port = port or (USUAL_PORT if is_https else 80)
    _check_port(port)
    literal = _literal(parts.hostname)
    if literal is not None:
        check_address(literal)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_https, parts.hostname, port, path)


def _check_port(port: int) -> None:
    """Refuse a port that the setting WEBHOOK_PORTS does not list; None there lists all."""
    allowed = settings.WEBHOOK_PORTS
    if allowed is None or port == USUAL_PORT or port in allowed:
        return
    usable = ", ".join(map(str, sorted({USUAL_PORT, *allowed})))
    raise BadAddress(
        f"Nothing is sent to port {port}: use {usable}, or have the operator add it to WEBHOOK_PORTS."
    )


def resolve(target: Target) -> list[str]:
    """Look up the host and return its addresses; refuse if nothing may be sent to one of them."""
    resolved = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in resolved))
    for address in addresses:
        # Octal and hexadecimal spellings, which the system also reads as addresses, are resolved by now.
        check_address(ipaddress.ip_address(address.partition("%")[0]))
    return addresses


def check_address(address: Address) -> None:
    """Raise ``BadAddress`` if nothing may be sent to an address, or to the IPv4 address embedded in it."""
    for meant in _meant_by(address):
        _check_one(meant)


def _check_one(address: Address) -> None:
    is_private = _is_in(address, PRIVATE)
    is_outside = address.version == 6 and not (is_private or address in GLOBAL_UNICAST)
    if is_outside or _is_in(address, NEVER):
        raise BadAddress("Nothing is sent to this address: it is not a public internet address.")
    # Python knows further networks, assigned to special uses since the lists above were written.
    if (is_private or not address.is_global) and not settings.WEBHOOK_ALLOW_PRIVATE:
        raise BadAddress("Nothing is sent to this address: it is inside a private network.")


def _is_in(address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _meant_by(address: Address) -> list[Address]:
    """Return the addresses that packets to an address may end at: that embedded in it, or itself."""
    if isinstance(address, ipaddress.IPv4Address) or address == ipaddress.IPv6Address("::1"):
        return [address]
    for network, right in LEADING_TO_IPV4:
        if address in network:
            return [ipaddress.IPv4Address(int(address) >> right & 0xFFFFFFFF)]
    if int(address) >> 32 & 0xFFFFFFFF in ISATAP:
        # Its prefix is an ordinary one, so both must be allowed.
        return [address, ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
