"""Create a company with the rows that it starts with."""

from django.db import transaction

from crm.actors import Role
from crm.models import Company, User
from crm.models.companies import DEFAULT_CURRENCY, DEFAULT_REGION
from crm.services.members import add_member
from leads.models import LeadLostReason, LeadReceiver, LeadSource, LeadStatus, LeadType, StatusCategory
from people.services.contact_types import ensure_shared_contact_types
from pipelines.models import Pipeline, Stage

STATUSES = (
    ("Open", StatusCategory.OPEN),
    ("Won", StatusCategory.WON),
    ("Lost", StatusCategory.LOST),
    ("Closed", StatusCategory.CLOSED),
    ("Duplicate", StatusCategory.CLOSED),
)
TYPES = ("New business", "Existing business")
#: Offered when a lead is lost; a company changes them as it likes.
LOST_REASONS = (
    "Too expensive",
    "Chose a competitor",
    "No budget",
    "Bad timing",
    "No answer",
    "Not a fit",
)
SOURCES = ("Website", "Referral", "Phone", "E-mail", "Event", "Other")
#: Names and days until a lead rots.
STAGES = (("New", 7), ("Contacted", 14), ("Proposal", 21), ("Negotiation", 14))


@transaction.atomic
def set_up_company(
    name: str, *, admin: User, region: str = DEFAULT_REGION, currency: str = DEFAULT_CURRENCY
) -> Company:
    """Create a company that can take leads, with its first administrator.

    :param region: country code of phone numbers without a prefix.
    :param currency: ISO 4217 code of amounts that come without one.
    """
    ensure_shared_contact_types()
    company = Company(name=name.strip(), region=region, currency=currency)
    company.full_clean()
    company.save()
    add_member(company, admin, Role.ADMIN)
    # The constants above are valid, so these rows are not validated one by one.
    LeadStatus.objects.bulk_create(
        LeadStatus(company=company, name=status, category=category, weight=weight, is_default=weight == 0)
        for weight, (status, category) in enumerate(STATUSES)
    )
    types = LeadType.objects.bulk_create(LeadType(company=company, name=label) for label in TYPES)
    sources = LeadSource.objects.bulk_create(
        LeadSource(company=company, name=label, type=types[0]) for label in SOURCES
    )
    LeadLostReason.objects.bulk_create(
        LeadLostReason(company=company, name=reason, weight=weight)
        for weight, reason in enumerate(LOST_REASONS)
    )
    pipeline = Pipeline(company=company, name="Default pipeline", weight=1, is_default=True)
    pipeline.clean()
    pipeline.save(force_insert=True)
    Stage.objects.bulk_create(
        Stage(company=company, pipeline=pipeline, name=stage, rotting_days=days, weight=weight)
        for weight, (stage, days) in enumerate(STAGES, start=1)
    )
    LeadReceiver.objects.create(
        company=company,
        name="Default receiver",
        agent=admin,
        is_default=True,
        source=sources[0],
        type=types[0],
    )
    return company
