"""Bodies of deliveries: JSON, forms, and JSON sent as a form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.routing.credentials import REMOVED, is_credential, without_credentials
from leads.routing.payloads import UnreadablePayload, read_payload

FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
MULTIPART = {"CONTENT_TYPE": "multipart/form-data; boundary=x"}
PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="firstname"\r\n\r\nJan\xc3\xa9\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ntext\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    ("body", "meta", "payload"),
    [
        (b'{"a": 1}', {"CONTENT_TYPE": "application/json; charset=utf-8"}, {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {}, {"a": 1}),
        (b"{}", {"CONTENT_TYPE": "text/plain"}, {}),
        (b"a=1&b=x+y&b=%C3%A9", FORM, {"a": "1", "b": ["x y", "\u00e9"]}),
        (b'{"a": "1+1=2&c"}', FORM, {"a": "1+1=2&c"}),
        (b"%7B%22a%22%3A1%7D=", FORM, {"a": 1}),
        (json.dumps({'{"a": 1}': ""}).encode(), {}, {"a": 1}),
        (b'{"{not json": ""}', {}, {"{not json": ""}),
        (b'{"[1]": ""}', {}, {"[1]": ""}),
        (PARTS, MULTIPART, {"firstname": "Jan\u00e9"}),
    ],
)
def test_payloads(body, meta, payload):
    assert read_payload(body, meta) == payload


@pytest.mark.parametrize(
    ("body", "meta"),
    [
        (b"", {}),
        (b"a=1", {}),
        (b"[1]", {}),
        (b'"text"', {}),
        (b"{", {}),
        (b'{"a": NaN}', {}),
        (b'{"a": 1e999}', {}),
        (b'{"a": "\\u0000"}', {}),
        (b'{"a": "\\ud800"}', {}),
        (b'{"a": "\xff"}', {}),
        (b"[" * 100_000, {}),
        (b'{"a":' * 50_000, {}),
        (b"&".join(b"a%d=1" % number for number in range(1001)), FORM),
        (b"a=%00", FORM),
        (b"x", MULTIPART),
        (b"x", {"CONTENT_TYPE": "multipart/form-data"}),
    ],
)
def test_unreadable_bodies(body, meta):
    with pytest.raises(UnreadablePayload):
        read_payload(body, meta)


@pytest.mark.parametrize(
    ("body", "meta", "path"),
    [
        (b'{"a": {"b": ["x", "\\u0000"]}}', {}, "a.b.1: Null"),
        (b'{"a": "\\ud800"}', {}, "a: Half"),
        (b'{"a": {"\\u0000": 1}}', {}, "a: Null"),
        (b"b=1&a=%00", FORM, "a: Null"),
    ],
)
def test_a_text_that_cannot_be_stored_is_named(body, meta, path):
    with pytest.raises(UnreadablePayload, match=f"^{path}"):
        read_payload(body, meta)


@given(body=st.binary(max_size=60), kind=st.sampled_from([{}, FORM, MULTIPART]))
def test_every_body_is_read_or_refused(body, kind):
    try:
        payload = read_payload(body, kind)
    except UnreadablePayload:
        return
    assert isinstance(payload, dict)
    assert all(isinstance(key, str) for key in payload)


@pytest.mark.parametrize(
    "key",
    [
        *("password", "Password2", "user_password", "pwd", "secret", "clientSecret", "API-Key", "apiKey"),
        *("token", "accessToken", "access_tokens", "Authorization", "card_number", "cardNumber", "CVV"),
        "cc-number",
    ],
)
def test_credentials_are_recognized_by_their_keys(key):
    assert is_credential(key)


@pytest.mark.parametrize(
    "key", ["firstname", "secretary", "tokyo", "card", "postcode", "pincode", "company", "keyword", "cookies"]
)
def test_other_keys_are_not_credentials(key):
    assert not is_credential(key)


def test_credentials_are_removed_at_any_depth():
    payload = {"a": [{"password": {"x": 1}, "b": 1}], "token": "t", "c": "password"}

    assert without_credentials(payload) == {
        "a": [{"password": REMOVED, "b": 1}],
        "token": REMOVED,
        "c": "password",
    }
