"""Receivers that require a secret or a signature."""

import json
import time

import pytest
import time_machine
from django.test import override_settings

from leads.models import Lead, ReceiverAttempt, Verification
from leads.services.receiver_keys import receiver_key, sign
from leads.services.receivers import renew_key
from tests.factories.leads import LeadReceiverFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver, deliver_body
from tests.stored import read_all

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db
JANE = {"firstname": "Jane"}
BODY = json.dumps(JANE).encode()


@pytest.fixture
def by_secret(receiver):
    receiver.verification = Verification.SECRET
    receiver.save()
    return receiver


@pytest.fixture
def by_signature(receiver):
    receiver.verification = Verification.HMAC
    receiver.save()
    return receiver


def signed(receiver, body: bytes = BODY, *, at: int | None = None, key: str | None = None) -> str:
    return sign(key or receiver_key(receiver), body, at=int(time.time()) if at is None else at)


def assert_refused(answer) -> None:
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
    assert not ReceiverAttempt.objects.exists()
    assert not Lead.objects.exists()


def test_the_secret_is_accepted(by_secret):
    assert deliver(by_secret, JANE, x_receiver_secret=receiver_key(by_secret)).status_code == 200


@pytest.mark.parametrize("shown", ["", "wrong", "é"])
def test_another_secret_is_refused(by_secret, shown):
    assert_refused(deliver(by_secret, JANE, **({"x_receiver_secret": shown} if shown else {})))


def test_the_secret_of_another_receiver_is_refused(by_secret, company):
    other = LeadReceiverFactory(company=company)

    assert_refused(deliver(by_secret, JANE, x_receiver_secret=receiver_key(other)))


def test_a_signature_is_accepted(by_signature):
    assert deliver_body(by_signature, BODY, x_receiver_signature=signed(by_signature)).status_code == 200


@pytest.mark.parametrize("off", [-301, 301, -86_400])
def test_a_signature_of_another_time_is_refused(by_signature, off):
    now = int(time.time())

    with time_machine.travel(now, tick=False):
        shown = signed(by_signature, at=now + off)
        assert_refused(deliver_body(by_signature, BODY, x_receiver_signature=shown))


def test_a_signature_of_another_body_is_refused(by_signature):
    shown = signed(by_signature, b'{"firstname": "John"}')

    assert_refused(deliver_body(by_signature, BODY, x_receiver_signature=shown))


def test_a_signature_of_another_key_is_refused(by_signature):
    assert_refused(deliver_body(by_signature, BODY, x_receiver_signature=signed(by_signature, key="other")))


@pytest.mark.parametrize(
    "shown", ["", "t=1", "v1=00", "t=x,v1=" + "0" * 64, "t=9999999999999,v1=" + "0" * 64]
)
def test_a_malformed_signature_is_refused(by_signature, shown):
    assert_refused(deliver_body(by_signature, BODY, **({"x_receiver_signature": shown} if shown else {})))


def test_the_secret_is_not_a_signature(by_signature):
    assert_refused(deliver(by_signature, JANE, x_receiver_secret=receiver_key(by_signature)))


def test_refused_senders_do_not_use_up_the_rate_limit(by_secret):
    by_secret.rate_limit = 1
    by_secret.save()

    refused = {deliver(by_secret, JANE).status_code for _ in range(5)}

    assert refused == {401}
    assert deliver(by_secret, JANE, x_receiver_secret=receiver_key(by_secret)).status_code == 200


def test_a_renewed_key_replaces_the_old_one(by_secret, actors):
    before = receiver_key(by_secret)

    after = receiver_key(renew_key(by_secret.pk, actor=actors.manager))

    assert after != before
    assert_refused(deliver(by_secret, JANE, x_receiver_secret=before))
    assert deliver(by_secret, JANE, x_receiver_secret=after).status_code == 200


def test_keys_survive_a_change_of_the_secret_key(by_secret, settings):
    before, old = receiver_key(by_secret), settings.SECRET_KEY

    with override_settings(SECRET_KEY="another" * 10, SECRET_KEY_FALLBACKS=[old]):
        assert receiver_key(by_secret) != before
        assert deliver(by_secret, JANE, x_receiver_secret=before).status_code == 200
    with override_settings(SECRET_KEY="another" * 10):
        assert deliver(by_secret, JANE, x_receiver_secret=before).status_code == 401


def test_no_key_is_stored(by_secret):
    key = receiver_key(by_secret)

    deliver(by_secret, JANE, x_receiver_secret=key)

    assert len(key) == 43
    assert key not in str(read_all())
