"""Wrong passwords at the same time: no more than the limit are looked at."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import RequestFactory

from crm.models import AuditEntry
from crm.services.lockout import LockedOut
from tests.factories.crm import UserFactory
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

#: As connections to the database are dear.
TRIES = 16


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_tries_at_once_are_no_more_than_the_limit(name, monkeypatch):
    anna = UserFactory.build(username="anna")
    anna.set_password("right")
    anna.save()
    AuditEntry.objects.all().delete()
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def spy(self: MD5PasswordHasher, password: str, *args: Any) -> str:
        hashed.append(password)
        return encode(self, password, *args)

    monkeypatch.setattr(MD5PasswordHasher, "encode", spy)
    together = Barrier(TRIES)

    def attempt(_: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '60s'")
        together.wait(timeout=PATIENCE_SECONDS)
        try:
            authenticate(RequestFactory().post("/"), username=name, password="wrong")
        except LockedOut:
            return True
        finally:
            connection.close()
        return False

    with ThreadPoolExecutor(TRIES) as pool:
        refused = list(pool.map(attempt, range(TRIES)))

    assert refused.count(True) == TRIES - 10
    assert len(hashed) == 10
    entries = sorted(AuditEntry.objects.values_list("event", "outcome"))
    assert entries == [("LOCKOUT", "REFUSED"), *[("SIGN_IN", "FAILED")] * 10]
