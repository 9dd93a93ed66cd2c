"""A receiver of e-mails, a person who writes to it, and a member with an address."""

import pytest

from tests.factories.people import PersonFactory
from tests.receivers.mails import mail_receiver


@pytest.fixture
def receiver(tenant):
    return mail_receiver(tenant.company, agent=tenant.users["agent"])


@pytest.fixture
def jane(tenant):
    return PersonFactory(company=tenant.company, firstname="Jane", email="jane.doe@example.org")


@pytest.fixture
def agent(tenant):
    user = tenant.users["agent"]
    user.email = "agent@example.com"
    user.save()
    return user
