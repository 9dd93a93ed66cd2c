"""The page of a receiver."""

import json

import pytest
from django.urls import reverse

from leads.models import LeadReceiver, LeadRotation
from leads.services.receiver_keys import receiver_key
from tests.admin.conftest import errors_of, form_of, messages_of, posted
from tests.factories.leads import LeadFactory, LeadReceiverFactory
from tests.stored import read_all

TEMPLATE = {"fn": {"name": "firstname", "type": "string"}}


def page(receiver: LeadReceiver, view: str = "change") -> str:
    return reverse(f"admin:leads_leadreceiver_{view}", args=[receiver.pk])


@pytest.fixture
def receiver(company, tenant) -> LeadReceiver:
    made: LeadReceiver = LeadReceiverFactory(company=company, agent=tenant.users["agent"])
    return made


def test_a_receiver_is_created(signed_in, company, tenant):
    client = signed_in("manager")
    rotation = LeadRotation.objects.create(company=company, name="Inbound")
    address = reverse("admin:leads_leadreceiver_add")
    form = form_of(client, address, name="Web", template=json.dumps(TEMPLATE), rotation=str(rotation.pk))

    answer = client.post(address, {**form, "agent": str(tenant.users["agent"].pk), "honeypot": "website"})

    assert answer.status_code == 302
    made = LeadReceiver.objects.get(company=company, name="Web")
    assert (made.template, made.rotation, made.honeypot) == (TEMPLATE, rotation, "website")
    assert (made.verification, made.window_minutes, made.rate_limit) == ("NONE", 10, 600)


def test_a_template_can_be_cleared(signed_in, receiver):
    receiver.template = TEMPLATE
    receiver.save()
    client = signed_in("manager")
    shown = client.get(page(receiver))

    assert '"firstname"' in shown.context["adminform"].form["template"].value()
    client.post(page(receiver), posted(shown, template=""))

    receiver.refresh_from_db()
    assert receiver.template is None


def test_origins_are_entered_one_a_line(signed_in, receiver):
    client = signed_in("manager")
    shown = client.get(page(receiver))

    wrong = client.post(page(receiver), posted(shown, allowed_origins="https://a.example/form"))
    client.post(page(receiver), posted(shown, allowed_origins="https://a.example\r\nhttps://B.example/"))

    assert "without a path" in str(errors_of(wrong))
    receiver.refresh_from_db()
    assert receiver.allowed_origins == ["https://a.example", "https://b.example"]
    assert "https://a.example\nhttps://b.example" in client.get(page(receiver)).content.decode()


@pytest.mark.parametrize(
    "template",
    [
        "{",
        "[1]",
        '{"a": {"name": "x", "type": "code"}}',
        '{"a": {"name": "x", "type": "regex", "pattern": "("}}',
    ],
)
def test_an_invalid_template(signed_in, receiver, template):
    client = signed_in("manager")
    before = read_all()

    answer = client.post(page(receiver), form_of(client, page(receiver), template=template))

    assert answer.status_code == 200
    assert list(errors_of(answer)) == ["template"]
    assert read_all() == before


def test_only_managers_see_the_key(signed_in, receiver):
    LeadReceiver.objects.filter(pk=receiver.pk).update(verification="SECRET")
    receiver.refresh_from_db()

    of_manager = signed_in("manager").get(page(receiver)).content.decode()
    of_agent = signed_in("agent").get(page(receiver)).content.decode()

    assert f"/receivers/{receiver.uuid}" in of_manager
    assert "X-Receiver-Secret: <code" in of_manager
    assert f">{receiver_key(receiver)}</code>" in of_manager
    assert receiver_key(receiver) not in of_agent


def test_a_receiver_of_live_leads_cannot_be_deleted(signed_in, company, receiver):
    LeadFactory(company=company, receiver=receiver)
    client = signed_in("manager")

    answer = client.post(page(receiver, "delete"), {"post": "yes"}, follow=True)

    assert messages_of(answer) == ["1 leads still use it."]
    assert LeadReceiver.objects.filter(pk=receiver.pk).exists()


def test_a_receiver_without_leads_is_deleted(signed_in, receiver):
    signed_in("manager").post(page(receiver, "delete"), {"post": "yes"})

    assert not LeadReceiver.objects.filter(pk=receiver.pk).exists()
