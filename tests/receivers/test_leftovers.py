"""Payload keys that no field is for: which become custom fields, and under which name."""

import json

import pytest
from django.core.exceptions import ValidationError

from leads.models import Lead, ReceiverAttempt
from leads.routing.template import compile_template
from leads.services.receiver_attempts import process
from tests.clients import data
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.leads import refused_attempt
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver, deliver_body

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
QUESTION = (
    "Which of the following best describes your company's current situation with regard to customer "
    "relationship management?"
)
FORM = "application/x-www-form-urlencoded"
REPLAY = "mutation ($id: ID!) { replayReceiverAttempt(id: $id) { status } }"


@pytest.mark.parametrize("key", [QUESTION, "x" * 101, "é" * 101, "", " ", "\u200b", "\u00ad \u3164", "\t"])
@pytest.mark.parametrize("template", [None, {"first": {"name": "firstname", "type": "string"}}])
def test_a_key_that_cannot_be_a_custom_field_stays_in_the_payload(receiver, actors, key, template):
    receiver.template = template
    receiver.save()
    payload = {"first": "Jane", key: "Growing", "kept": "yes"}
    expected = {"first": "Jane", "kept": "yes"}

    answer = deliver(receiver, payload)

    assert answer.status_code == 200
    assert Lead.objects.get().custom_fields == expected
    assert ReceiverAttempt.objects.get().payload == payload
    again = refused_attempt(receiver, payload=payload)
    replayed = data(REPLAY, actor=actors.manager, variables={"id": str(again.pk)})
    assert replayed == {"replayReceiverAttempt": {"status": "PROCESSED"}}
    assert Lead.objects.latest("pk").custom_fields == expected


@pytest.mark.parametrize("body", [b"=c&firstname=Z", b"+=c&firstname=Z", b"firstname=Z&%E2%80%8B=c"])
def test_forms_with_such_keys(receiver, body):
    assert deliver_body(receiver, body, content_type=FORM).status_code == 200
    assert (Lead.objects.get().firstname, Lead.objects.get().custom_fields) == ("Z", {})


@pytest.mark.parametrize(
    "payload",
    [
        {"custom_fields": {QUESTION: 1, "": 2, "ok": 3}},
        {
            "custom_fields": [
                {"name": QUESTION, "data": 1},
                {"name": " "},
                {"name": "ok", "data": 3},
            ]
        },
    ],
)
def test_such_names_of_given_custom_fields(receiver, payload):
    assert deliver(receiver, {"firstname": "Jane", **payload}).status_code == 200
    assert Lead.objects.get().custom_fields == {"ok": 3}


@pytest.mark.parametrize("key", [QUESTION, "\u200b", "Gro\u0308\u00dfe der Firma und mehr " * 6])
def test_a_template_may_rename_it(receiver, key):
    receiver.template = {key: {"name": "situation", "type": "customField"}}
    receiver.save()

    assert deliver(receiver, {"firstname": "Jane", key: "Growing"}).status_code == 200
    assert Lead.objects.get().custom_fields == {"situation": "Growing", "firstname": "Jane"}


@pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 101, 5, None])
def test_a_template_renames_nothing_to_such_a_name(name):
    with pytest.raises(ValidationError) as refused:
        compile_template({"a": {"name": name, "type": "customField"}})

    assert refused.value.message_dict == {"template.a.name": ["A name has 1 to 100 characters."]}


def test_the_first_hundred_fields_become_custom_fields(receiver, actors):
    # In an order that no database would make of them.
    keys = [f"key {(number * 7919) % 1000:03}" for number in range(150)]
    payload = {"firstname": "Jane"} | {key: number for number, key in enumerate(keys)}

    assert deliver(receiver, payload).status_code == 200

    assert Lead.objects.get().custom_fields == {key: number for number, key in enumerate(keys[:100])}
    attempt = ReceiverAttempt.objects.get()
    assert attempt.payload == payload
    ReceiverAttempt.objects.update(status="FAILED", lead=None)
    data(REPLAY, actor=actors.manager, variables={"id": str(attempt.pk)})
    first, second = Lead.objects.order_by("pk")
    assert second.custom_fields == first.custom_fields


def test_fields_of_a_template_are_not_counted(receiver):
    receiver.template = {f"in.{n}": {"name": f"mapped {n}", "type": "customField"} for n in range(60)}
    receiver.save()
    payload = {"in": {str(n): f"m{n}" for n in range(60)}} | {f"free {n:03}": n for n in range(120)}

    deliver(receiver, payload)

    stored = Lead.objects.get().custom_fields
    assert sum(name.startswith("mapped") for name in stored) == 60
    assert sum(not name.startswith("mapped") for name in stored) == 100


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ('{" a ": "1", "a": "2"}', {"a": ["1", "2"]}),
        ('{"a": "2", " a ": "1", "a\\t": "3"}', {"a": ["2", "1", "3"]}),
        ('{" a ": "1", "a": "1"}', {"a": "1"}),
        ('{" a ": 1, "a": true}', {"a": [1, True]}),
        ('{" a ": null, "a": "2"}', {"a": "2"}),
        ('{"e\\u0301": "1", "\\u00e9": "2"}', {"\u00e9": ["1", "2"]}),
        ('{"a": ["x", "y"], "a ": "z"}', {"a": [["x", "y"], "z"]}),
    ],
)
def test_keys_that_are_one_name_keep_all_their_values(receiver, body, stored):
    assert deliver_body(receiver, body).status_code == 200
    assert Lead.objects.get().custom_fields == stored


def test_a_form_with_such_keys(receiver):
    deliver_body(receiver, b"+a+=1&a=2&firstname=J", content_type=FORM)

    assert Lead.objects.get().custom_fields == {"a": ["1", "2"]}


def test_a_value_that_does_not_fit_a_defined_field_is_refused(receiver, company):
    CustomFieldDefinitionFactory(company=company, name="budget", kind="NUMBER")

    answer = deliver(receiver, {"firstname": "Jane", "budget": "much", QUESTION: "x"})

    assert answer.status_code == 422
    assert not Lead.objects.exists()


def test_an_attempt_from_before_the_limit_is_refused_and_not_walked(receiver):
    deep = json.loads('{"d":' + "[" * 400 + "]" * 400 + "}")
    attempt = refused_attempt(receiver, payload=deep, status="RECEIVED")

    done = process(attempt.pk)

    assert done.status == "FAILED"
    assert "50 levels" in done.refusal
