"""Which addresses nothing is sent to."""

import ipaddress
import socket
from contextlib import nullcontext

import pytest
from django.test import override_settings
from hypothesis import given, strategies
from hypothesis import settings as hypothesis_settings

from crm.webhooks.addresses import BadAddress, check_address, parse_target, resolve

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "100::1",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:a9fe:a9fe::1",
    "::ffff:0:169.254.169.254",
    "2606:4700::5efe:a9fe:a9fe",
    # Assigned to nobody: not on the internet, whatever Python says.
    "4000::1",
    "f800::1",
]
PRIVATE = [
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "2002:c0a8:101::",
    "::ffff:0:10.0.0.1",
    "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:127.0.0.1",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "::ffff:0:8.8.8.8",
    "2606:4700::5efe:8.8.8.8",
]


@pytest.fixture
def closed(settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False


@pytest.fixture
def opened(settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.mark.parametrize("text", NEVER + PRIVATE)
def test_the_inside_of_networks_is_refused(closed, text):
    with pytest.raises(BadAddress):
        check_address(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_the_internet_is_open(closed, text):
    check_address(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PRIVATE + PUBLIC)
def test_private_networks_may_be_allowed(opened, text):
    check_address(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", NEVER)
def test_some_addresses_are_never_allowed(opened, text):
    with pytest.raises(BadAddress):
        check_address(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "example.com",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/ x",
        "https://example.com/\r\nX: y",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://[::1",
        "https://exämple.com/",
        "https://127.0.0.1/",
        "https://10.1.2.3:8443/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_url_is_refused(closed, url):
    with pytest.raises(BadAddress):
        parse_target(url)


REFUSED_IPV4 = [int(ipaddress.IPv4Address(ip)) for ip in NEVER + PRIVATE if ":" not in ip]
IPV4 = strategies.integers(0, 2**32 - 1)
#: Each way to write an IPv4 address as one of IPv6, as what is to its left and to its right.
EMBEDDINGS = [
    ("::", 0),
    ("::ffff:0:0", 0),
    ("::ffff:0:0:0", 0),
    ("64:ff9b::", 0),
    ("2002::", 80),
    ("2606:4700::5efe:0:0", 0),
    ("2606:4700::200:5efe:0:0", 0),
]


def _is_open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        check_address(address)
    except BadAddress:
        return False
    return True


@hypothesis_settings(deadline=None)
@given(number=IPV4 | strategies.sampled_from(REFUSED_IPV4))
def test_an_embedded_address_is_what_it_leads_to(number):
    # In one example, not in a fixture: it would be shared by all of them.
    with override_settings(WEBHOOK_ALLOW_PRIVATE=False):
        plain = ipaddress.IPv4Address(number)
        wrapped = [
            ipaddress.IPv6Address(int(ipaddress.IPv6Address(base)) | int(plain) << right)
            for base, right in EMBEDDINGS
        ]

        assert not (_is_open(plain) and not plain.is_global)
        # 0.0.0.1 below "::" is this machine.
        assert {_is_open(each) for each in wrapped} == {_is_open(plain)}


@hypothesis_settings(deadline=None)
@given(number=strategies.integers(0, 2**128 - 1))
def test_only_the_internet_is_reached_over_ipv6(number):
    with override_settings(WEBHOOK_ALLOW_PRIVATE=False):
        address = ipaddress.IPv6Address(number)

        assert not _is_open(address) or (address.is_global and not address.is_multicast)


@pytest.mark.parametrize(
    ("ports", "port", "is_open"),
    [
        (frozenset(), 443, True),
        (frozenset(), 8443, False),
        (frozenset({8443}), 8443, True),
        (frozenset({8443}), 443, True),
        (frozenset({8443}), 22, False),
        (None, 22, True),
    ],
)
def test_ports_are_those_of_the_setting(closed, settings, ports, port, is_open):
    settings.WEBHOOK_PORTS = ports

    with nullcontext() if is_open else pytest.raises(BadAddress, match=f"port {port}: use 443"):
        assert parse_target(f"https://example.com:{port}/").port == port


def test_url_is_parsed(closed):
    target = parse_target("https://Example.com:8443/a/b?c=d")

    assert (target.is_https, target.host, target.port, target.path) == (True, "example.com", 8443, "/a/b?c=d")
    assert target.host_header == "example.com:8443"
    assert parse_target("https://example.com").host_header == "example.com"
    assert parse_target("https://example.com").path == "/"


def test_plain_http_is_open_where_private_networks_are(opened):
    assert parse_target("http://127.0.0.1:8000/").port == 8000


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused(closed, host):
    with pytest.raises((BadAddress, OSError)):
        resolve(parse_target(f"https://{host}/"))


def test_a_name_with_one_private_address_is_refused(closed, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(BadAddress):
        resolve(parse_target("https://example.com/"))
