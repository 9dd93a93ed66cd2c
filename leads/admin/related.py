"""Panels beside people, organizations and leads: their leads, and possible duplicates."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from crm.actors import Action, Actor
from crm.admin.money import shown_amount
from crm.admin.record_pages import MOST_RELATED, Panel, Row, page_of, related
from crm.database.amounts import AmountSum
from leads.models import Lead, LeadPerson
from leads.services.duplicates import duplicates_of_leads
from people.models import Organization, Person

LISTED = ("stage", "status", "owner")


def _rows(leads: Iterable[Lead]) -> list[Row]:
    return [
        Row(
            str(lead),
            page_of(lead),
            " · ".join(
                part
                for part in (
                    str(lead.stage if lead.status.is_open else lead.status),
                    shown_amount(lead.amount, lead.currency),
                    str(lead.owner) if lead.owner else "",
                )
                if part
            ),
            is_closed=not lead.status.is_open,
        )
        for lead in leads
    ]


def _leads(filters: dict[str, Any], parameter: str, record: Any, actor: Actor) -> Panel:
    adding = {parameter: record.pk}
    leads: QuerySet[Lead] = Lead.objects.visible_to(actor).filter(**filters)
    # Open ones first, which were never closed, then those that were closed last.
    order = (F("closed_at").desc(nulls_first=True), "-last_activity_at", "pk")
    found = list(leads.select_related(*LISTED).order_by(*order)[: MOST_RELATED + 1])
    opened = leads.order_by().filter(closed_at=None).exclude(amount=None)
    sums = opened.values_list("currency").annotate(total=AmountSum("amount")).order_by("currency")
    worth = ", ".join(shown_amount(total, currency) for currency, total in sums) if found else ""
    return Panel(
        title=gettext("Leads"),
        rows=_rows(found[:MOST_RELATED]),
        sums=gettext("%(amounts)s open") % {"amounts": worth} if worth else "",
        address=f"{reverse('admin:leads_lead_changelist')}?{urlencode(adding)}",
        goes_on=len(found) > MOST_RELATED,
        empty=gettext("No leads yet."),
        add=f"{reverse('admin:leads_lead_add')}?{urlencode(adding)}"
        if actor.may(Action.CHANGE_LEADS)
        else "",
    )


def leads_of_person(person: Person, actor: Actor) -> Panel:
    return _leads({"person": person}, "person", person, actor)


def leads_naming(person: Person, actor: Actor) -> Panel | None:
    """Return the leads on which a person is named, with the role."""
    named = LeadPerson.objects.visible_to(actor).filter(person=person, lead__in=_live(actor))
    order = (F("lead__closed_at").desc(nulls_first=True), "-lead__last_activity_at", "lead")
    roles = {
        row.lead_id: str(row.relationship or "")
        for row in named.select_related("relationship").order_by(*order)[: MOST_RELATED + 1]
    }
    if not roles:
        return None
    found = Lead.objects.visible_to(actor).select_related(*LISTED).in_bulk(list(roles))
    shown = [key for key in roles if key in found][:MOST_RELATED]
    rows = _rows(found[key] for key in shown)
    return Panel(
        title=gettext("Named on leads"),
        rows=[
            replace(row, about=" · ".join(filter(None, (roles[key], row.about))))
            for key, row in zip(shown, rows, strict=True)
        ],
    )


def _live(actor: Actor) -> QuerySet[Lead]:
    return Lead.objects.visible_to(actor).order_by()


def leads_of_organization(organization: Organization, actor: Actor) -> Panel:
    return _leads({"organization": organization}, "organization", organization, actor)


def duplicates(lead: Lead, actor: Actor) -> Panel | None:
    """Return the open leads that may be the same as this one."""
    keys = duplicates_of_leads([lead], actor).get(lead.pk, [])
    if not keys:
        return None
    found = Lead.objects.visible_to(actor).select_related(*LISTED).in_bulk(keys[:MOST_RELATED])
    return Panel(title=gettext("May be the same"), rows=_rows(found[key] for key in keys if key in found))


related(Person, 10, leads_of_person)
related(Person, 12, leads_naming)
related(Organization, 10, leads_of_organization)
related(Lead, 10, duplicates)
