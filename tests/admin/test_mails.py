"""E-mails that are written on the page of a lead or person."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from crm.models import Activity
from leads.models import LeadReceiver
from people.models import ContactKind, ContactType
from people.services.people import create_person, update_person
from tests.admin.conftest import messages_of
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory

MAIL = {"to": "jane@example.com", "subject": "Offer & more", "text": "Dear Jane,\nhere it is."}


def address(record: Any) -> str:
    return reverse("admin:write_mail", args=[record.entity_kind, record.pk])


@pytest.fixture
def jane(tenant: Any) -> Any:
    kind = ContactType.objects.filter(company=None, kind=ContactKind.EMAIL).first()
    assert kind is not None
    contacts: Any = [{"contacts_types_id": kind.pk, "value": "jane@home.example.com"}]
    values: Any = {"firstname": "Jane", "email": "jane@example.com", "contacts": contacts}
    return create_person(values, actor=tenant.actors.agent)


@pytest.fixture
def lead(tenant: Any, jane: Any) -> Any:
    return LeadFactory(company=tenant.company, person=jane, email="Office@example.com", title="Deal")


def test_an_e_mail_is_opened_in_the_mail_program_and_put_on_the_timeline(signed_in, tenant, jane, lead):
    client = signed_in("agent")

    asked = client.get(address(lead))
    opened = client.post(address(lead), MAIL)
    assert Activity.objects.count() == 0
    sent = client.post(address(lead), {**MAIL, "sent": "1"}, follow=True)

    # It is to a person, whatever the deal is called.
    assert "E-mail to Jane</h2>" in asked.content.decode()
    offered = [value for value, _ in asked.context["form"].fields["to"].choices]
    assert offered == ["Office@example.com", "jane@example.com", "jane@home.example.com"]
    link = urlsplit(opened.context["address"])
    assert (link.scheme, link.path) == ("mailto", "jane@example.com")
    parts = {"subject": ["Offer & more"], "body": ["Dear Jane,\r\nhere it is."]}
    assert parse_qs(link.query) == parts
    activity = Activity.objects.get()
    assert (activity.kind, activity.direction, activity.subject) == ("EMAIL", "OUT", "Offer & more")
    assert [*activity.people_participants.all()] == [jane]
    assert messages_of(sent) == ["The e-mail is on the timeline."]
    assert sent.context["timeline"][0]["entry"].activity == activity
    # A text that mail programs would cut off is copied by hand.
    long = client.post(address(jane), {**MAIL, "text": "x" * 2_000})
    assert (long.context["fits"], "body" in long.context["address"]) == (False, False)


def test_with_a_receiver_of_e_mails_the_copy_is_the_record(signed_in, tenant, lead, settings):
    settings.MAIL_ADDRESS = "crm@example.com"
    receiver = LeadReceiver.objects.create(company=tenant.company, name="Mail", kind="MAIL")

    opened = signed_in("agent").post(address(lead), {**MAIL, "sent": "1"})

    [copy] = parse_qs(urlsplit(opened.context["address"]).query)["bcc"]
    assert copy == opened.context["copy"]
    assert receiver.uuid.hex in copy
    # Written down by the copy alone, not twice.
    assert Activity.objects.count() == 0


def test_who_does_not_want_it_is_not_written_to(signed_in, tenant, jane, lead):
    client = signed_in("agent")
    update_person(jane.pk, {"do_not_contact": True}, actor=tenant.actors.agent)

    for record in (jane, lead):
        for answer in (client.get(address(record)), client.post(address(record), {**MAIL, "sent": "1"})):
            assert "does not want to be contacted" in answer.context["unwanted"]
            assert "mailto:" not in answer.content.decode().partition("mail-dialog")[2]
    assert Activity.objects.count() == 0


def test_what_is_wrong_is_said_at_its_field_and_strangers_see_nothing(signed_in, tenant, other_tenant, lead):
    client = signed_in("agent")

    answer = client.post(address(lead), {**MAIL, "to": "eve@example.com", "subject": ""})

    assert answer.context["form"].errors.keys() == {"to", "subject"}
    assert "Dear Jane" in answer.content.decode()
    organization = OrganizationFactory(company=tenant.company)
    for record in (LeadFactory(company=other_tenant.company), organization):
        assert client.get(address(record)).status_code == 404
    assert signed_in("viewer").get(address(lead)).status_code == 403
    page = reverse("admin:leads_lead_change", args=[lead.pk])
    assert [way.address for way in client.get(page).context["ways"]] == [address(lead)]
    assert signed_in("viewer").get(page).context["ways"] == []
