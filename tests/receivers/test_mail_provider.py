"""A provider's requests with e-mails: signed, stored and logged as those of the mailbox."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config.bodies import largest_body
from crm.models import Activity
from leads.mail.bounds import LARGEST_REQUEST
from leads.models import AttemptStatus, ReceiverAttempt
from tests.module_tenant import made_tenant, tenant
from tests.receivers.mail_fixtures import jane, receiver
from tests.receivers.mails import message, sample

__all__ = ["jane", "made_tenant", "receiver", "tenant"]

pytestmark = pytest.mark.django_db
KEY = "signing-key"


@pytest.fixture(autouse=True)
def mailgun(settings):
    settings.MAIL_PROVIDER, settings.MAIL_PROVIDER_KEY = "mailgun", KEY


def signed(receiver, **fields):
    """Return the fields that Mailgun sends, with its signature."""
    token, at = "t" * 50, "1796020000"
    signature = hmac.new(KEY.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    to = f"crm+{receiver.uuid.hex}@in.example.com"
    return {"token": token, "timestamp": at, "signature": signature, "recipient": to, **fields}


def post(fields, *, as_form=True):
    if as_form:
        return Client().post("/mail", fields)
    return Client().post("/mail", urlencode(fields), content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize("as_form", [True, False])
def test_a_whole_message_is_logged_once(receiver, jane, as_form):
    # Only the envelope names the receiver, as for a Bcc.
    raw = message(receiver).replace(b"crm+", b"x").decode()

    answers = [post(signed(receiver, **{"body-mime": raw}), as_form=as_form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (Activity.objects.get().entity, Activity.objects.get().text) == (jane, "Hello")
    assert ReceiverAttempt.objects.get().count == 2


def test_a_message_in_fields_is_logged_with_its_file(receiver, jane):
    headers = [
        ["From", "Jane Doe <jane.doe@example.org>"],
        ["To", f"crm+{receiver.uuid.hex}@in.example.com"],
        ["Subject", "Grüße"],
        ["Message-Id", "<mailgun@example.org>"],
    ]
    fields = signed(
        receiver,
        **{"message-headers": json.dumps(headers), "body-plain": "Schöne Grüße", "attachment-count": "1"},
    )
    upload = SimpleUploadedFile("note.txt", b"hello", content_type="text/plain")

    assert post({**fields, "attachment-1": upload}).status_code == 200

    activity = Activity.objects.get()
    assert (activity.subject, activity.text) == ("Grüße", "Schöne Grüße")
    assert [str(link) for link in jane.file_links.all()] == ["note.txt"]


def test_a_message_of_many_megabytes_is_read(receiver, jane):
    raw = message(receiver, text="x" * 70 + "\n") + (b"y" * 70 + b"\r\n") * 150_000

    assert post(signed(receiver, **{"body-mime": raw.decode()})).status_code == 200
    assert ReceiverAttempt.objects.get().status == AttemptStatus.PROCESSED


@pytest.mark.parametrize(
    "change", [{"signature": "0" * 64}, {"token": "other"}, {"timestamp": "1"}, {"signature": ""}]
)
def test_what_is_not_signed_is_refused(receiver, jane, change):
    fields = {**signed(receiver, **{"body-mime": message(receiver).decode()}), **change}

    assert post(fields).status_code == 401
    assert not ReceiverAttempt.objects.exists()


def test_a_message_for_nobody_stays_with_the_provider(receiver):
    type(receiver).objects.update(is_active=False)

    assert post(signed(receiver, **{"body-mime": message(receiver).decode()})).status_code == 404
    assert not ReceiverAttempt.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "multipart/form-data; boundary=b", 401),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b", 400),
        (b"{}", "application/json", 401),
        (b"no json", "application/json", 401),
        (b"", "", 401),
    ],
)
def test_a_request_that_is_none_is_refused(body, content_type, status):
    answer = Client().generic("POST", "/mail", body, content_type=content_type)

    assert answer.status_code == status
    assert answer["Cache-Control"] == "no-store"


def test_without_a_provider_there_is_no_such_address(receiver, settings):
    settings.MAIL_PROVIDER = ""

    assert Client().post("/mail").status_code == 404
    assert largest_body("/mail", "", has_credentials=False) == settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_the_address_takes_larger_bodies_than_others(settings):
    assert largest_body("/mail", "", has_credentials=False) == LARGEST_REQUEST
    assert Client().head("/mail").status_code == 200
    assert Client().get("/mail").status_code == 405


def test_mailersend_signs_the_body(receiver, jane, settings):
    settings.MAIL_PROVIDER = "mailersend"
    to = f"crm+{receiver.uuid.hex}@in.example.com"
    data = {
        "raw": sample("gmail_reply", receiver).decode(),
        "sender": {"email": "jane.doe@example.org"},
        "recipients": {"rcptTo": [{"email": to}]},
    }
    body = json.dumps({"type": "inbound.message", "data": data})
    signature = hmac.new(KEY.encode(), body.encode(), hashlib.sha256).hexdigest()

    answers = [
        Client().post("/mail", body, content_type="application/json", headers={"Signature": sent})
        for sent in (signature, "0" * 64)
    ]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert Activity.objects.get().entity == jane
