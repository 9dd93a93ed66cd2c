"""Leads, their lookups, and who takes part in them."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from leads.models import (
    AttemptStatus,
    Lead,
    LeadFollower,
    LeadParticipant,
    LeadReceiver,
    LeadRotation,
    LeadRotationAgent,
    LeadSource,
    LeadStatus,
    LeadType,
    ReceiverAttempt,
    StatusCategory,
)
from pipelines.models import Pipeline, Stage
from tests.factories.base import RowFactory, factory
from tests.factories.crm import CompanyFactory, UserFactory
from tests.factories.pipelines import PipelineFactory, StageFactory


class LeadStatusFactory(RowFactory):
    class Meta:
        model = LeadStatus

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Status {n}")
    category = StatusCategory.OPEN


class LeadTypeFactory(RowFactory):
    class Meta:
        model = LeadType

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Type {n}")


class LeadSourceFactory(RowFactory):
    class Meta:
        model = LeadSource

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Source {n}")


class LeadReceiverFactory(RowFactory):
    class Meta:
        model = LeadReceiver

    company = factory.SubFactory(CompanyFactory)
    name = "Contact form"


class LeadRotationFactory(RowFactory):
    """A rotation without agents."""

    class Meta:
        model = LeadRotation

    company = factory.SubFactory(CompanyFactory)
    name = "Inbound"


class LeadRotationAgentFactory(RowFactory):
    class Meta:
        model = LeadRotationAgent

    rotation = factory.SubFactory(LeadRotationFactory)
    company = factory.SelfAttribute("rotation.company")
    user = factory.SubFactory(UserFactory)
    percent = Decimal(50)


def refused_attempt(receiver: LeadReceiver, **values: Any) -> ReceiverAttempt:
    """Store a refused delivery to a receiver."""
    defaults: dict[str, Any] = {
        "status": AttemptStatus.FAILED,
        "payload": {"firstname": "Jane"},
        "fingerprint": "0" * 64,
        "errors": {"title": ["Too long."]},
        "last_seen_at": timezone.now(),
    }
    return ReceiverAttempt.objects.create(company=receiver.company, receiver=receiver, **defaults | values)


def _default_status(lead: Any) -> LeadStatus:
    known = LeadStatus.objects.default_of(lead.company.pk).first()
    return known or LeadStatusFactory(company=lead.company, is_default=True)


def _entry_stage(lead: Any) -> Stage:
    pipeline = Pipeline.objects.default_of(lead.company.pk).first()
    if pipeline is None:
        pipeline = PipelineFactory(company=lead.company, is_default=True)
    return Stage.objects.entry_of(pipeline.pk) or StageFactory(company=lead.company, pipeline=pipeline)


class LeadFactory(RowFactory):
    """A lead in the default status and the first stage of its company, which are made if it has none.

    It has no owner, no channel, and nobody hears of it; ``create_lead`` sees to that.
    """

    class Meta:
        model = Lead

    company = factory.SubFactory(CompanyFactory)
    title = "Enterprise deal"
    status = factory.LazyAttribute(_default_status)
    stage = factory.LazyAttribute(_entry_stage)
    pipeline = factory.SelfAttribute("stage.pipeline")
    stage_changed_at = factory.LazyFunction(timezone.now)


class LeadParticipantFactory(RowFactory):
    class Meta:
        model = LeadParticipant

    lead = factory.SubFactory(LeadFactory)
    user = factory.SubFactory(UserFactory)


class LeadFollowerFactory(RowFactory):
    class Meta:
        model = LeadFollower

    lead = factory.SubFactory(LeadFactory)
    user = factory.SubFactory(UserFactory)
