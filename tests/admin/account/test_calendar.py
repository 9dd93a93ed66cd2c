"""Calendar addresses on the page of the own account."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import CalendarFeed, Membership, User
from tests.admin.account.conftest import sign_in
from tests.admin.conftest import messages_of


def test_an_address_is_made_shown_once_and_ended(agent: User, tenant):
    browser, _answer = sign_in(agent)
    key = Membership.objects.get(user=agent).company_id

    made = browser.post(reverse("new_calendar", args=[key]), follow=True)

    [shown] = [text for text in messages_of(made) if "/calendar/" in text]
    found = re.search(r"/calendar/[0-9a-f]{64}\.ics", shown)
    assert found is not None
    assert Client().get(found[0]).status_code == 200
    again = browser.get(reverse("mfa_index")).content.decode()
    assert found[0] not in again
    assert "Renew the calendar address of" in again
    browser.post(reverse("end_calendar", args=[key]))
    assert Client().get(found[0]).status_code == 404


@pytest.mark.parametrize("name", ["new_calendar", "end_calendar"])
def test_no_address_of_a_company_without_membership(agent: User, other_tenant, name):
    browser, _answer = sign_in(agent)

    answer = browser.post(reverse(name, args=[other_tenant.company.pk]))

    assert answer.status_code == 404
    assert not CalendarFeed.objects.exists()
    assert browser.get(reverse(name, args=[other_tenant.company.pk])).status_code == 405
