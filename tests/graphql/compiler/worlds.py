"""Companies with values that are hard to encode, and an actor for every kind of member."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F

from crm.actors import Actor
from crm.models import Activity, Company
from leads.models import Lead, LeadFollower, LeadParticipant, LeadStatus
from people.models import Contact, Organization, Person
from pipelines.models import Stage
from tests.factories.crm import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.graphql.lists.world import add_records

#: Texts that JSON or SQL has to escape, or that collations sort in different ways.
TEXTS = [
    '"quoted"',
    "back\\slash",
    "line\nbreak\ttab",
    "Ünïcödé ß",
    "\u2028\u2029",
    "😀 emoji",
    "100% %s {}",
    "'",
    "a",
    "B",
]
MOMENTS = [
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 0, 120_000, tzinfo=UTC),
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
]
#: Amount, currency, close date and probability of leads.
VALUES: list[tuple[Decimal | None, str | None, date | None, int | None]] = [
    (None, None, None, None),
    (Decimal("0.00"), "EUR", date(1970, 1, 1), 0),
    (Decimal("1234.50"), "USD", None, 3),
    (Decimal("999999999999.99"), "JPY", date(2199, 12, 31), 100),
]
CUSTOM: dict[str, Any] = {
    "zero": 0,
    "big": 2**53 + 1,
    "price": 0.1,
    "tiny": 1e-7,
    "flag": False,
    "none": None,
    "text": "50000",
    "Ünï": {"b": [1, {"a": None}], "aa": "\u2028"},
    "list": [],
}


def fill(tenant: Tenant, *, seed: int) -> None:
    """Create records of every kind in a company, some deleted and some without values."""
    add_records(tenant, 2)
    company = tenant.company
    agent, colleague = tenant.users["agent"], tenant.users["colleague"]
    organizations = [
        OrganizationFactory(company=company, name=f"{text} {seed}", city=None, custom_fields={})
        for text in TEXTS[:4]
    ]
    # Mostly open: the probability of a closed lead is fixed.
    found = {status.name: status for status in LeadStatus.objects.filter(company=company)}
    statuses = [found[name] for name in ("Open", "Open", "Open", "Won", "Lost")]
    people: list[Any] = []
    for index, text in enumerate(TEXTS):
        person: Person = PersonFactory(
            company=company,
            firstname=text,
            lastname=None if index % 2 else text,
            email=None,
            dob=None,
            custom_fields=CUSTOM,
        )
        person.organizations.add(organizations[index % 4], organizations[(index + 1) % 4])
        people.append(person)
    Person.objects.filter(pk=people[1].pk).update(dob=date(1, 1, 1), created_at=MOMENTS[0])
    for index, person in enumerate(people):
        lead: Lead = LeadFactory(
            company=company,
            title=f"Deal {TEXTS[index]}",
            description=None if index % 3 else TEXTS[-index],
            person=person if index % 4 else None,
            organization=organizations[index % 4] if index % 3 else None,
            owner=[agent, colleague, None][index % 3],
            custom_fields=CUSTOM if index % 2 else {},
        )
        amount, currency, day, probability = VALUES[index % 4]
        Lead.objects.filter(pk=lead.pk).update(
            created_at=MOMENTS[index % 4],
            closed_at=MOMENTS[index % 3],
            amount=amount,
            currency=currency,
            expected_close_on=day,
            probability=probability,
            status=statuses[index % len(statuses)],
        )
        if index % 5 == 0:
            LeadParticipant.objects.create(lead=lead, user=agent)
        if index % 5 == 1:
            LeadFollower.objects.create(lead=lead, user=colleague)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    last = Lead.objects.filter(company=company).latest("pk").pk
    Lead.objects.filter(pk__in=[last, last - 3]).update(deleted_at=now)
    Person.objects.filter(pk__in=[people[2].pk, people[5].pk]).update(deleted_at=now)
    Organization.objects.filter(pk=organizations[1].pk).update(deleted_at=now)
    for deleted_at in (None, now):
        Activity.objects.create(company=company, entity=organizations[0], text="Call", deleted_at=deleted_at)
    Stage.objects.filter(company=company).update(rotting_days=F("weight") + 1, probability=F("weight") % 100)
    Contact.objects.filter(company=company).update(weight=F("pk") % 3)
    Lead.objects.filter(company=company, pk=last - 1).update(last_activity_at=now - timedelta(days=400))


def everybody(*tenants: Tenant) -> list[Actor]:
    """Return the members of companies, each once with all leads visible and once with only their own."""
    found: list[Actor] = []
    for tenant in tenants:
        for name in ("admin", "manager", "agent", "colleague", "viewer"):
            actor: Actor = getattr(tenant.actors, name)
            found += [actor, replace(actor, company_sees_all_leads=False)]
    return [*found, replace(found[0], opens_all=True)]


def rename(company: Company, name: str) -> None:
    Company.objects.filter(pk=company.pk).update(name=name)
