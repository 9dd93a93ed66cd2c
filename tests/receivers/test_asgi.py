"""Receivers under an ASGI server."""

import json

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from leads.models import Lead
from leads.routing.payloads import LARGEST_BODY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("body", "status", "leads"), [({"firstname": "Jane"}, 200, 1), ({"text": "x" * LARGEST_BODY}, 413, 0)]
)
def test_deliveries(receiver, body, status, leads):
    answer = async_to_sync(AsyncClient().post)(
        f"/receivers/{receiver.uuid}", json.dumps(body), content_type="application/json"
    )

    assert answer.status_code == status
    assert set(answer.json()) >= {"message"}
    assert Lead.objects.count() == leads
