"""Factories of rotations and routed leads for the tests of routing."""

from collections.abc import Mapping
from typing import Any

from crm.actors import Actor, Role
from crm.services.members import add_member
from leads.models import Lead, LeadReceiver, LeadRotation
from leads.services.leads import create_lead
from leads.services.rotations import create_rotation
from tests.factories.crm import Tenant, UserFactory
from tests.factories.leads import LeadReceiverFactory


def agents_of(tenant: Tenant, number: int) -> list[Any]:
    """Create this number of further agents, named Agent 1 and so on."""
    users = [UserFactory(displayname=f"Agent {place}") for place in range(1, number + 1)]
    for user in users:
        add_member(tenant.company, user, Role.AGENT)
    return users


def rotation_of(tenant: Tenant, shares: Mapping[Any, float]) -> LeadRotation:
    """Create a rotation of users with their percentages."""
    agents: Any = [{"users_id": user.pk, "percent": percent} for user, percent in shares.items()]
    return create_rotation({"name": "Inbound", "agents": agents}, actor=tenant.actors.manager)


def receiver_of(rotation: LeadRotation, **values: Any) -> LeadReceiver:
    created: LeadReceiver = LeadReceiverFactory(company=rotation.company, rotation=rotation, **values)
    return created


def routed(actor: Actor, receiver: LeadReceiver | None, **values: Any) -> Lead:
    """Create a lead as a receiver does, or without one."""
    given: Any = {"title": "Deal", "receiver_id": receiver and receiver.pk, **values}
    return create_lead(given, actor=actor)
