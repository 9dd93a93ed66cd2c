"""The editor of a receiver's template, with what it makes of a payload."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads.models import Lead, LeadReceiver, ReceiverAttempt
from people.models import Person
from people.services.people import create_person
from tests.admin.conftest import messages_of, values_of
from tests.factories.leads import LeadReceiverFactory
from tests.receivers.delivering import deliver
from tests.unrendered import unrendered_pages

PAYLOAD = {"first": "Jane", "mail": {"to": ["jane@example.com"]}, "firm": "Acme", "note": "Budget: 500"}
TEMPLATE: dict[str, Any] = {
    "first": {"name": "firstname", "type": "string"},
    "mail.to.0": {"name": "email", "type": "string"},
    "firm": {"name": "company", "type": "string"},
    "note": {"name": "budget", "type": "customField", "pattern": "/budget:? *([0-9]+)/i", "default": "0"},
    "people": {"type": "function", "function": "setPeople", "json": {"name": "whole"}},
}


@pytest.fixture
def receiver(company, tenant) -> LeadReceiver:
    made: LeadReceiver = LeadReceiverFactory(
        company=company, agent=tenant.users["agent"], template=TEMPLATE, name="Web form"
    )
    return made


def page(receiver):
    return reverse("admin:leads_leadreceiver_template", args=[receiver.pk])


def form_at(client, receiver, **changes):
    with unrendered_pages():
        context = client.get(page(receiver)).context_data
    data = values_of(context["rows"].management_form)
    for each in (context["form"], *context["rows"].forms):
        data |= values_of(each)
    data["functions"] = (
        json.dumps(context["form"].initial["functions"] or "") if data.get("functions") else ""
    )
    return {**data, "payload": json.dumps(PAYLOAD), **changes}


def stored_of(receiver):
    return LeadReceiver.objects.get(pk=receiver.pk).template


def test_the_page_shows_rows_and_what_comes_of_the_newest_delivery(signed_in, receiver, actors):
    create_person({"firstname": "Jane", "email": "jane@example.com"}, actor=actors.manager)
    deliver(receiver, PAYLOAD)
    before = (Lead.objects.count(), Person.objects.count(), ReceiverAttempt.objects.count())

    context = signed_in("manager").get(page(receiver)).context_data

    rows = [form.initial for form in context["rows"].initial_forms]
    assert [(row["path"], row["becomes"], row["name"]) for row in rows] == [
        ("first", "firstname", ""),
        ("mail.to.0", "email", ""),
        ("firm", "organization", ""),
        ("note", "custom", "budget"),
    ]
    preview = context["preview"]
    assert dict(preview["lead"])["Title"] == "Jane"
    assert ("Email", "jane@example.com") in [(str(label), value) for label, value in preview["person"]]
    assert [value for _label, value in preview["organization"]] == ["Acme"]
    assert ("budget", "500") in preview["custom_fields"]
    made = preview["made"]
    assert (made.knows_person, made.knows_organization, made.stage) == (True, True, "New")
    assert made.owner in made.reason
    # Nothing is stored by looking.
    assert before == (Lead.objects.count(), Person.objects.count(), ReceiverAttempt.objects.count())


def test_a_template_that_works_is_saved_and_unchanged_entries_stay_as_they_are(signed_in, receiver):
    client = signed_in("manager")
    form = form_at(client, receiver, **{"rows-4-path": "phone", "rows-4-becomes": "phone"})
    form |= {
        "rows-3-default": "",
        "rows-1-pattern": "(.+)@",
        "payload": json.dumps({**PAYLOAD, "phone": "1"}),
    }

    saved = client.post(page(receiver), {**form, "save": "1"}, follow=True)

    assert messages_of(saved) == ["The template of “Web form” is saved."]
    assert stored_of(receiver) == {
        **TEMPLATE,
        "mail.to.0": {"name": "email", "type": "regex", "pattern": "(.+)@"},
        "note": {key: value for key, value in TEMPLATE["note"].items() if key != "default"},
        "phone": {"name": "phone", "type": "string"},
    }


def test_what_does_not_work_is_named_with_its_place_and_saved_only_on_demand(signed_in, receiver):
    client = signed_in("manager")
    form = form_at(client, receiver, **{"rows-4-path": "worth", "rows-4-becomes": "amount"})
    form |= {"payload": json.dumps({**PAYLOAD, "worth": "a lot"}), "save": "1"}

    refused = client.post(page(receiver), form)
    kept = stored_of(receiver)
    empty = client.post(page(receiver), {**form, "payload": ""})
    saved = client.post(page(receiver), {**form, "anyway": "on"}, follow=True)

    assert messages_of(refused) == ["The template is not saved: this payload would be refused."]
    assert list(refused.context_data["faults"]) == ["amount"]
    assert "Save it although it does not work" in refused.content.decode()
    assert messages_of(empty)[0].startswith("Paste a payload to see whether the template works")
    assert kept == TEMPLATE
    assert messages_of(saved) == ["The template of “Web form” is saved."]
    assert stored_of(receiver)["worth"] == {"name": "amount", "type": "string"}


@pytest.mark.parametrize(
    ("changes", "row", "said"),
    [
        ({"rows-3-pattern": "(a+)+"}, 3, "pattern"),
        ({"rows-3-name": ""}, 3, "name"),
        ({"rows-1-path": "first"}, 1, "path"),
        ({"rows-0-path": "user.password"}, 0, "path"),
        ({"rows-0-path": "", "rows-0-default": "x"}, 0, "path"),
    ],
)
def test_errors_of_a_template_stand_at_their_row_and_nothing_is_saved(
    signed_in, receiver, changes, row, said
):
    client = signed_in("manager")
    form = form_at(client, receiver, **changes)

    refused = client.post(page(receiver), {**form, "save": "1", "anyway": "on"})

    assert list(refused.context_data["rows"].forms[row].errors) == [said]
    assert stored_of(receiver) == TEMPLATE


def test_a_past_delivery_or_a_form_is_taken_as_the_payload(signed_in, receiver):
    client = signed_in("manager")
    deliver(receiver, {"first": "Old"})
    deliver(receiver, PAYLOAD)
    old = ReceiverAttempt.objects.earliest("pk")
    form = form_at(client, receiver, **{"rows-0-becomes": "title"})

    taken = client.post(page(receiver), {**form, "attempt": old.pk, "take": "1"}).context_data
    sent = client.post(page(receiver), {**form, "payload": "first=By+form&x=1", "show": "1"}).context_data
    unreadable = client.post(page(receiver), {**form, "payload": "{", "show": "1"})

    assert json.loads(taken["form"]["payload"].value()) == {"first": "Old"}
    # The rows stay as they were typed.
    assert dict(taken["preview"]["lead"])["Title"] == "Old"
    assert dict(sent["preview"]["lead"])["Title"] == "By form"
    assert list(unreadable.context_data["form"].errors) == ["payload"]
    assert "This payload cannot be read." in unreadable.content.decode()


def test_an_emptied_template_is_none_and_a_stale_one_overwrites_nothing(signed_in, receiver):
    client = signed_in("manager")
    form = form_at(client, receiver)
    empty = {f"rows-{row}-{name}": "" for row in range(4) for name in ("path", "name", "pattern", "default")}
    form |= {**empty, "functions": "", "payload": json.dumps({"title": "Deal"}), "save": "1"}

    client.post(page(receiver), form)
    cleared = stored_of(receiver)
    stale = client.post(page(receiver), {**form, "rows-0-path": "x", "rows-0-name": "y"})

    assert cleared is None
    assert messages_of(stale)[-1].startswith("Somebody else changed this template meanwhile.")
    assert stored_of(receiver) is None


def test_only_managers_open_it_and_only_for_their_own_receivers(signed_in, receiver, other_tenant):
    foreign = LeadReceiverFactory(company=other_tenant.company)
    mail = LeadReceiverFactory(company=receiver.company, kind="MAIL")
    client = signed_in("manager")

    assert [signed_in(role).get(page(receiver)).status_code for role in ("viewer", "agent")] == [403, 403]
    assert [client.get(page(row)).status_code for row in (receiver, foreign, mail)] == [200, 404, 404]
    shown = client.get(reverse("admin:leads_leadreceiver_change", args=[receiver.pk])).content.decode()
    assert page(receiver) in shown


def test_the_number_of_statements_does_not_grow_with_deliveries(signed_in, receiver):
    client = signed_in("manager")
    counts = []
    for number in (1, 6):
        for each in range(number):
            deliver(receiver, {**PAYLOAD, "number": f"{number}.{each}"})
        client.get(page(receiver))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page(receiver)).status_code == 200
        counts.append(len(captured))

    assert counts[0] == counts[1]
