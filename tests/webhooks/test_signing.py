"""Signatures against the vector that the specification's libraries are tested with, and a second reading."""

import base64

from crm.webhooks.signing import headers, new_secret, sign
from tests.webhooks.receiving import Received, is_signed


def test_the_published_vector():
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_holds_256_random_bits():
    one, other = new_secret(), new_secret()

    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 32


def test_each_secret_signs():
    one, other = new_secret(), new_secret()

    request = Received("/", headers([one, other], message_id="msg_1", at=7, body=b"{}"), b"{}")

    assert is_signed(request, one)
    assert is_signed(request, other)
    assert not is_signed(request, new_secret())
    assert not is_signed(Received("/", request.headers, b"{ }"), one)
