"""A receiver."""

from typing import Any

import pytest

from leads.models import LeadReceiver
from tests.admin.conftest import signed_in
from tests.factories.leads import LeadReceiverFactory

__all__ = ["receiver", "signed_in"]


@pytest.fixture
def receiver(company: Any, tenant: Any) -> LeadReceiver:
    """A receiver without a template, whose agent is the tenant's."""
    made: LeadReceiver = LeadReceiverFactory(company=company, agent=tenant.users["agent"])
    return made
