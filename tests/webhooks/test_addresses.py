"""Which addresses nothing is sent to."""

import ipaddress
import socket

import pytest

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
]
PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
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
