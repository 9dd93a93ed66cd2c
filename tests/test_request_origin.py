"""The client's address, behind exactly as many proxies as the setting says."""

import pytest
from django.test import RequestFactory

from crm.request_origin import address_block, client_address, current_meta, public_address, user_agent

PEER = "198.51.100.7"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "address"),
    [
        # Without a proxy the header is the client's own word.
        (0, "203.0.113.9", PEER, PEER),
        (1, "203.0.113.9", PEER, "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", PEER, "203.0.113.9"),
        (2, "10.9.9.9, 203.0.113.9, 192.0.2.1", PEER, "203.0.113.9"),
        (2, "203.0.113.9,192.0.2.1", PEER, "203.0.113.9"),
        # Fewer entries than proxies: the request came another way.
        (2, "203.0.113.9", PEER, PEER),
        (1, "", PEER, PEER),
        (1, None, PEER, PEER),
        # What is no address counts for the peer, not for nobody.
        (1, "unknown", PEER, PEER),
        (1, "203.0.113.9, ", PEER, PEER),
        (1, "203.0.113.9:4711", PEER, "203.0.113.9"),
        (1, "[2001:db8::1]:4711", PEER, "2001:db8::1"),
        (1, "[2001:db8::1]", PEER, "2001:db8::1"),
        (1, "2001:DB8:0:0::1", PEER, "2001:db8::1"),
        (0, None, "::ffff:203.0.113.9", "203.0.113.9"),
        (0, None, "fe80::1%eth0", "fe80::1"),
        # A UNIX socket has none.
        (0, None, "", None),
    ],
)
def test_address_of_the_client(settings, proxies, forwarded, peer, address):
    settings.TRUSTED_PROXY_COUNT = proxies
    meta = {"REMOTE_ADDR": peer} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})

    assert client_address(meta) == address


def test_ipv6_counts_by_its_network_of_64_bits():
    blocks = {address_block(f"2001:db8:0:1::{number:x}") for number in (1, 2, 0xFFFF)}

    assert blocks == {"2001:db8:0:1::/64"}
    assert address_block("2001:db8:0:2::1") == "2001:db8:0:2::/64"
    assert address_block("203.0.113.9") == "203.0.113.9"


def test_user_agent_is_one_short_line():
    token = current_meta.set({"HTTP_USER_AGENT": "Browser\n\x00" + "x" * 999})
    try:
        assert user_agent() == "Browser  " + "x" * 191
    finally:
        current_meta.reset(token)


def test_links_name_the_public_address_and_no_host_that_a_client_makes_up(settings):
    settings.ALLOWED_HOSTS = ["crm.example.com"]
    settings.DEBUG = False
    made: dict[str, str] = {}
    for host in ("crm.example.com", "evil.example"):
        for public in ("", "https://sales.example.com"):
            settings.PUBLIC_URL = public
            token = current_meta.set(RequestFactory().get("/", headers={"host": host}).META)
            try:
                made[f"{host} {public}".strip()] = public_address()
            finally:
                current_meta.reset(token)

    assert made == {
        "crm.example.com": "http://crm.example.com",
        "crm.example.com https://sales.example.com": "https://sales.example.com",
        "evil.example": "https://crm.example.com",
        "evil.example https://sales.example.com": "https://sales.example.com",
    }
    settings.PUBLIC_URL = ""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    token = current_meta.set({"HTTP_HOST": "crm.example.com", "HTTP_X_FORWARDED_PROTO": "https"})
    try:
        assert public_address() == "https://crm.example.com"
    finally:
        current_meta.reset(token)
