"""Create a company with the rows that it starts with."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.actors import Role
from crm.languages.chosen import check_language, reading
from crm.models import Company, User
from crm.models.companies import DEFAULT_CURRENCY, DEFAULT_REGION
from crm.services.members import add_member
from leads.models import LeadLostReason, LeadReceiver, LeadSource, LeadStatus, LeadType, StatusCategory
from people.services.contact_types import ensure_shared_contact_types
from pipelines.models import Pipeline, Stage

STATUSES = (
    (_("Open"), StatusCategory.OPEN),
    (_("Won"), StatusCategory.WON),
    (_("Lost"), StatusCategory.LOST),
    (_("Closed"), StatusCategory.CLOSED),
    (_("Duplicate"), StatusCategory.CLOSED),
)
TYPES = (_("New business"), _("Existing business"))
#: Offered when a lead is lost; a company changes them as it likes.
LOST_REASONS = (
    _("Too expensive"),
    _("Chose a competitor"),
    _("No budget"),
    _("Bad timing"),
    _("No answer"),
    _("Not a fit"),
)
SOURCES = (
    _("Website"),
    _("Referral"),
    _("Phone"),
    _("E-mail"),
    pgettext_lazy("source of leads", "Event"),
    _("Other"),
)
#: Names and days until a lead rots.
STAGES = (
    (_("New"), 7),
    (_("Contacted"), 14),
    (_("Proposal"), 21),
    (_("Negotiation"), 14),
)


@transaction.atomic
def set_up_company(
    name: str,
    *,
    admin: User,
    region: str = DEFAULT_REGION,
    currency: str = DEFAULT_CURRENCY,
    language: str | None = None,
) -> Company:
    """Create a company that can take leads, with its first administrator.

    :param region: country code of phone numbers without a prefix.
    :param currency: ISO 4217 code of amounts that come without one.
    :param language: that of the company's pages and mails, and of the names of what it starts with, which are
        its own from then on: a translation does not follow the reader as that of a page does.
    """
    ensure_shared_contact_types()
    try:
        check_language(language)
    except ValueError as refused:
        raise ValidationError({"language": [str(refused)]}) from refused
    company = Company(name=name.strip(), region=region, currency=currency, language=language or None)
    company.full_clean()
    company.save()
    add_member(company, admin, Role.ADMIN)
    with reading(language):
        _add_first_rows(company, admin)
    return company


def _add_first_rows(company: Company, admin: User) -> None:
    """Store statuses, types, sources, reasons, a pipeline and a receiver, named in the active language."""
    # The constants above are valid, so these rows are not validated one by one.
    LeadStatus.objects.bulk_create(
        LeadStatus(
            company=company, name=str(status), category=category, weight=weight, is_default=weight == 0
        )
        for weight, (status, category) in enumerate(STATUSES)
    )
    types = LeadType.objects.bulk_create(LeadType(company=company, name=str(label)) for label in TYPES)
    sources = LeadSource.objects.bulk_create(
        LeadSource(company=company, name=str(label), type=types[0]) for label in SOURCES
    )
    LeadLostReason.objects.bulk_create(
        LeadLostReason(company=company, name=str(reason), weight=weight)
        for weight, reason in enumerate(LOST_REASONS)
    )
    pipeline = Pipeline(company=company, name=gettext("Default pipeline"), weight=1, is_default=True)
    pipeline.clean()
    pipeline.save(force_insert=True)
    Stage.objects.bulk_create(
        Stage(company=company, pipeline=pipeline, name=str(stage), rotting_days=days, weight=weight)
        for weight, (stage, days) in enumerate(STAGES, start=1)
    )
    LeadReceiver.objects.create(
        company=company,
        name=gettext("Default receiver"),
        agent=admin,
        is_default=True,
        source=sources[0],
        type=types[0],
    )
