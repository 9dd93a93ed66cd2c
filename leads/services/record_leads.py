"""The leads of a person or an organization with what was logged on them, and the person of a lead."""

from collections.abc import Callable

from django.contrib.contenttypes.models import ContentType

from crm.actors import Actor
from crm.models import Activity, EntityKind
from crm.models.records import Record
from crm.records.further_activities import FurtherActivities, register
from leads.models import Lead, LeadPerson
from leads.models.querysets import LeadQuerySet
from leads.services.outgoing_mails import person_of
from people.models import Person

#: An organization may have thousands of leads, and the database reads what was logged on each.
MOST_LEADS = 200

FindLeads = Callable[[LeadQuerySet[Lead], int], LeadQuerySet[Lead]]


def _of_person(leads: LeadQuerySet[Lead], key: int) -> LeadQuerySet[Lead]:
    # A union and no OR: each part has an index of its own.
    own = Lead.objects.filter(person=key).order_by().values("pk")
    named = LeadPerson.objects.filter(person=key).order_by().values("lead")
    return leads.filter(pk__in=own.union(named))


def _of_organization(leads: LeadQuerySet[Lead], key: int) -> LeadQuerySet[Lead]:
    return leads.filter(organization=key)


def _activities_of(find_leads: FindLeads) -> Callable[[Record, Actor], FurtherActivities]:
    def find(record: Record, actor: Actor) -> FurtherActivities:
        leads = find_leads(Lead.objects.visible_to(actor), record.pk).order_by("-last_activity_at", "-pk")
        # As a list: the database then looks up each lead by the index of its activities.
        latest = list(leads.values_list("pk", flat=True)[: MOST_LEADS + 1])
        kind = ContentType.objects.get_for_model(Lead)
        rows = Activity.objects.filter(content_type=kind, object_id__in=latest[:MOST_LEADS], deleted_at=None)
        return FurtherActivities(rows=rows, cut_to=MOST_LEADS if len(latest) > MOST_LEADS else None)

    return find


def people_of(lead: Lead, _actor: Actor) -> list[Person]:
    """Return the person of a lead, unless it has none or one who was deleted."""
    person = person_of(lead)
    return [] if person is None else [person]


def register_activities() -> None:
    register(EntityKind.PEOPLE, _activities_of(_of_person))
    register(EntityKind.ORGANIZATION, _activities_of(_of_organization))
