"""The entries of the navigation for leads and how they are set up, and how the search shows leads."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.entries import CAPTURE, SALES, set_up
from crm.admin.frame.navigation import Entry, QuickAdd, Section, register, register_quick_add
from crm.admin.frame.search import Searched
from crm.admin.frame.search import register as register_search
from leads.models import (
    Lead,
    LeadLostReason,
    LeadReceiver,
    LeadRotation,
    LeadRoutingLog,
    LeadSource,
    LeadStatus,
    LeadType,
    ReceiverAttempt,
)
from people.admin.searched_texts import contact_of


def _about(lead: Lead) -> Iterable[str | None]:
    person = lead.person if lead.person and lead.person.deleted_at is None else None
    organization = lead.organization if lead.organization and lead.organization.deleted_at is None else None
    place = lead.stage if lead.status.is_open else lead.status
    return (str(each) for each in (place, organization, person, lead.owner) if each)


register(
    Entry(label=_("My day"), section=Section.WORK, weight=10, page="index", icon="day"),
    Entry(label=_("Board"), section=Section.WORK, weight=20, page="leads_lead_board", icon="board"),
    Entry(label=_("Leads"), section=Section.WORK, weight=30, model=Lead, icon="leads"),
    Entry(label=_("Reports"), section=Section.WORK, weight=80, page="reports", icon="reports"),
    Entry(
        label=_("Received leads"),
        section=Section.DATA,
        weight=50,
        model=ReceiverAttempt,
        icon="attempts",
        action=Action.READ_ROUTING,
    ),
)
set_up(
    (SALES[0], SALES[1] + 10),
    (LeadStatus, _("Statuses"), _("What open, won and lost are called")),
    (LeadLostReason, _("Reasons for losing"), _("Offered when a lead is lost")),
    (LeadSource, _("Sources"), _("Where leads come from")),
    (LeadType, _("Types of leads"), _("Such as new business")),
)
set_up(
    CAPTURE,
    (
        LeadReceiver,
        _("Receivers"),
        _("Addresses that take leads from forms and mail, with the template of each"),
    ),
    (LeadRotation, _("Rotations"), _("Who gets new leads in turn; simulate and look back")),
    (LeadRoutingLog, _("Decisions of routing"), _("Who got which lead, and why")),
)
register_quick_add(
    QuickAdd(
        label=_("Lead"),
        weight=10,
        address=lambda: reverse("admin:leads_lead_add"),
        action=Action.CHANGE_LEADS,
        fields=lambda text: contact_of(text) or {"title": text},
    )
)
register_search(
    Searched(
        model=Lead,
        title=_("Leads"),
        weight=30,
        rows=lambda rows, _actor: rows.select_related("stage", "status", "person", "organization", "owner"),
        describe=_about,
    )
)
