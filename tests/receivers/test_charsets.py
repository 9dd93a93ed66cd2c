"""Bodies in other charsets than UTF-8: read as they declare, or refused and kept as their bytes."""

import base64
import json
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from leads.models import AttemptStatus, Lead, LeadRoutingLog, ReceiverAttempt
from people.models import Person
from tests.clients import data
from tests.commands.running import run
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import business_rows, deliver_body

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
REPLAY = "mutation ($id: ID!) { replayReceiverAttempt(id: $id) { status errors lead { id } } }"
LIST = "{ receiverAttempts { data { status payload raw_body errors } } }"


def part(name: bytes, value: bytes, *headers: bytes) -> bytes:
    disposition = b'Content-Disposition: form-data; name="' + name + b'"'
    return b"--x\r\n" + b"\r\n".join([disposition, *headers, b"", value, b""])


def parts(*each: bytes) -> bytes:
    return b"".join(each) + b"--x--\r\n"


@pytest.mark.parametrize(
    ("content_type", "body", "firstname"),
    [
        (f"{FORM}; charset=windows-1252", b"firstname=Jos%E9", "José"),
        (f"{FORM}; charset=windows-1252", b"firstname=Jos\xe9+%93%80%94", "José “€”"),
        (f'{FORM}; charset="ISO-8859-1"', b"firstname=Jos%E9", "José"),
        (f"{FORM}; charset=iso-8859-1", b"firstname=%80", "€"),
        (f"{FORM}; charset=iso-8859-2", b"firstname=%A3ukasz", "Łukasz"),
        (f"{FORM}; charset=koi8-r", b"firstname=%E9%D7%C1%CE", "Иван"),
        (f"{FORM}; charset=Shift_JIS", b"firstname=%91%BE%98Y", "太郎"),
        (f"{FORM}; charset=gb18030", b"firstname=%D0%A1%C3%F7", "小明"),
        (FORM, b"_charset_=windows-1252&firstname=Jos%E9", "José"),
        (FORM, b"firstname=Jos%E9&_charset_=windows-1252", "José"),
        (FORM, b"_charset_=&firstname=Jos%C3%A9", "José"),
        (f"{FORM}; charset=utf-8", b"_charset_=windows-1252&firstname=Jos%C3%A9", "José"),
        (MULTIPART, parts(part(b"firstname", b"Jos\xc3\xa9")), "José"),
        (f"{MULTIPART}; charset=windows-1252", parts(part(b"firstname", b"Jos\xe9")), "José"),
        (MULTIPART, parts(part(b"_charset_", b"windows-1252"), part(b"firstname", b"Jos\xe9")), "José"),
        (
            MULTIPART,
            parts(part(b"firstname", b"Jos\xe9", b"Content-Type: text/plain; charset=cp1252")),
            "José",
        ),
        (MULTIPART, parts(part(b"firstname", b"Sm9zw6k=", b"Content-Transfer-Encoding: base64")), "José"),
    ],
)
def test_forms_are_read_in_their_charset(receiver, content_type, body, firstname):
    answer = deliver_body(receiver, body, content_type=content_type)

    assert answer.status_code == 200
    lead = Lead.objects.get()
    assert (lead.firstname, lead.custom_fields) == (firstname, {})
    assert Person.objects.get().firstname == firstname
    assert ReceiverAttempt.objects.get().payload == {"firstname": firstname}


def test_a_name_in_another_charset_is_read_too(receiver):
    body = parts(part("Größe".encode("cp1252"), b"XL"), part(b"firstname", b"Jane"))

    deliver_body(receiver, body, content_type=f"{MULTIPART}; charset=windows-1252")

    assert Lead.objects.get().custom_fields == {"Größe": "XL"}


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        (FORM, b"firstname=Jos%E9", "utf-8"),
        (FORM, b"firstname=Jos\xe9", "utf-8"),
        (FORM, b"Pr%E9nom=Jane", "utf-8"),
        (FORM, b"firstname=%ED%A0%80", "utf-8"),
        (FORM, b"_charset_=utf-8&firstname=Jos%E9", "utf-8"),
        (f"{FORM}; charset=us-ascii", b"firstname=Jos%E9", "ascii"),
        (f"{FORM}; charset=windows-1252", b"firstname=%81", "cp1252"),
        (f"{FORM}; charset=klingon", b"firstname=Jane", "klingon"),
        (f"{FORM}; charset=utf-16", b"firstname=Jane", "utf-16"),
        (f"{FORM}; charset=idna", b"firstname=xn--caf-dma", "idna"),
        (f"{FORM}; charset=rot13", b"firstname=Wnar", "rot13"),
        (FORM, b"_charset_=klingon&firstname=Jane", "klingon"),
        (MULTIPART, parts(part(b"firstname", b"Jos\xe9")), "utf-8"),
        (MULTIPART, parts(part(b"firstname", b"J", b"Content-Type: text/plain; charset=klingon")), "klingon"),
        (MULTIPART, parts(part(b"Pr\xe9nom", b"Jane")), "utf-8"),
        ("application/json", b'{"firstname": "Jos\xe9"}', "UTF-8"),
        ("application/json; charset=windows-1252", b'{"firstname": "Jos\xe9"}', "UTF-8"),
        ("application/json", '{"firstname": "José"}'.encode("utf-16"), "UTF-8"),
        ("text/plain", b"\xff\xfe\x00\x00", "UTF-8"),
        (FORM, b'{"firstname": "Jos\xe9"}', "utf-8"),
    ],
)
def test_what_cannot_be_decoded_is_refused_and_kept(receiver, actors, content_type, body, said):
    before = business_rows()

    answer = deliver_body(receiver, body, content_type=content_type)

    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert business_rows() == before
    attempt = ReceiverAttempt.objects.get()
    assert (attempt.status, attempt.payload, bytes(attempt.raw_body or b"")) == (
        AttemptStatus.FAILED,
        {},
        body,
    )
    assert attempt.errors == {"body": [answer.json()["message"]]}
    assert LeadRoutingLog.objects.get().attempt == attempt
    listed = data(LIST, actor=actors.manager)["receiverAttempts"]["data"]
    assert [base64.b64decode(each["raw_body"]) for each in listed] == [body]


def test_the_admin_shows_the_bytes(receiver, signed_in):
    deliver_body(receiver, b"firstname=Jos\xe9&n=%E9", content_type=FORM)

    page = reverse("admin:leads_receiverattempt_change", args=[ReceiverAttempt.objects.get().pk])
    shown = signed_in("manager").get(page).content.decode()

    assert "<pre>firstname=Jos\\xe9&amp;n=%E9</pre>" in shown


def test_a_repetition_is_counted_and_leaves_its_key_free(receiver):
    for _ in range(3):
        deliver_body(receiver, b"firstname=Jos%E9", content_type=FORM, idempotency_key="k")

    attempt = ReceiverAttempt.objects.get()
    assert (attempt.count, attempt.idempotency_key) == (3, None)
    mended = deliver_body(receiver, b"firstname=Jos%C3%A9", content_type=FORM, idempotency_key="k")
    assert mended.status_code == 200
    assert Lead.objects.get().firstname == "José"


def test_it_makes_no_lead_when_it_is_replayed(receiver, actors, company):
    answer = deliver_body(receiver, b"firstname=Jos%E9", content_type=FORM)
    attempt = ReceiverAttempt.objects.get()

    replayed = data(REPLAY, actor=actors.manager, variables={"id": str(attempt.pk)})["replayReceiverAttempt"]
    ended = run("replay_attempts", "--company", str(company.pk))

    assert replayed == {"status": "FAILED", "errors": {"body": [answer.json()["message"]]}, "lead": None}
    assert (ended.code, ended.lines) == (0, ["0 attempts made a lead, 0 were refused again."])
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"password=hunter-two&firstname=Jos%E9&api%5Fkey=hunter-two"),
        (FORM, b"firstname=Jos%E9&user%5Bpassword%5D=hunter-two"),
        (MULTIPART, parts(part(b"password", b"hunter-two\r\n--hunter-two"), part(b"firstname", b"Jos\xe9"))),
        ("application/json", b'{"firstname": "Jos\xe9", "password": "hunter-two \\" hunter-two"}'),
        ("application/json", b'{"token": {"a": "hunter-two"}, "firstname": "Jos\xe9"}'),
        ("application/json", b'{"login": {"pass\\u0077ord": "hunter-two"}, "firstname": "Jos\xe9"}'),
        (FORM, b'{"cvv": 123, "secret" : "hunter-two", "firstname": "Jos\xe9"}'),
    ],
)
def test_credentials_are_not_kept(receiver, content_type, body):
    assert deliver_body(receiver, body, content_type=content_type).status_code == 400

    raw = bytes(ReceiverAttempt.objects.get().raw_body or b"")
    assert b"hunter-two" not in raw
    assert b"[removed]" in raw
    assert (b"Jos" in raw) is (b"token" not in body)


@pytest.mark.parametrize("depth", [51, 60, 500, 1_400, 40_000])
@pytest.mark.parametrize("opened", ["[", '{"a":'])
@pytest.mark.parametrize("content_type", ["application/json", FORM, "text/plain"])
def test_json_that_is_too_deep(receiver, depth, opened, content_type):
    closed = {"[": "]", '{"a":': "}"}[opened]
    # The object itself is a level too.
    body = '{"firstname": "D", "d": ' + opened * (depth - 1) + "1" + closed * (depth - 1) + "}"

    answer = deliver_body(receiver, body, content_type=content_type)

    assert (answer.status_code, answer.json()) == (400, {"message": "JSON may be nested 50 levels deep."})
    assert not ReceiverAttempt.objects.exists()


def test_json_that_is_just_not_too_deep(receiver):
    # Brackets in texts are no levels.
    nested = json.loads("[" * 49 + '"' + "[" * 100 + '"' + "]" * 49)

    answer = deliver_body(receiver, json.dumps({"firstname": "D", "d": nested}))

    assert answer.status_code == 200
    assert Lead.objects.get().custom_fields == {"d": nested}


def test_json_within_a_key_that_is_too_deep(receiver):
    key = '{"a":' * 51 + "1" + "}" * 51

    answer = deliver_body(receiver, urlencode({key: ""}), content_type=FORM)

    assert answer.status_code == 400
