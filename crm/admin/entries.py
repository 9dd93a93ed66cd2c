"""The entries of the navigation for the pages of crm, and what is added from any page."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.actors import Action
from crm.admin.activities import MY_TASKS
from crm.admin.frame.navigation import Entry, QuickAdd, Section, register, register_quick_add
from crm.models import (
    Absence,
    Activity,
    ApiToken,
    AuditEntry,
    Company,
    CustomFieldDefinition,
    Filesystem,
    Membership,
    RegisteredDocument,
    SocialChannel,
    Tag,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    WorkPart,
)

#: The groups of the set-up, each with the weight that its entries begin at.
COMPANY, SALES, CAPTURE, INTEGRATIONS, UPKEEP = (
    (_("Company and members"), 100),
    (_("Sales process"), 200),
    (_("New leads"), 300),
    (_("Integrations"), 400),
    (_("Work and upkeep"), 500),
)


def set_up(group: tuple[StrOrPromise, int], *entries: tuple[type, StrOrPromise, StrOrPromise]) -> None:
    """Register entries of one group of the set-up: model, label and hint of each."""
    title, first = group
    for weight, (model, label, hint) in enumerate(entries, first):
        register(
            Entry(label=label, section=Section.SET_UP, weight=weight, model=model, group=title, hint=hint)
        )


register(
    Entry(label=_("Tasks"), section=Section.WORK, weight=60, model=Activity, query=MY_TASKS, icon="tasks"),
    Entry(
        label=_("Calendar"), section=Section.WORK, weight=70, page="crm_activity_calendar", icon="calendar"
    ),
    Entry(
        label=_("Imports"),
        section=Section.DATA,
        weight=60,
        page="imports",
        icon="imports",
        action=Action.IMPORT,
    ),
    Entry(
        label=_("Tags"), section=Section.DATA, weight=90, model=Tag, icon="tags", action=Action.CHANGE_TAGS
    ),
)
set_up(
    COMPANY,
    (Company, _("Company"), _("Name, logo, time zone, currency, who sees which leads")),
    (Membership, _("Members and invitations"), _("Who works here, in which role; invite colleagues")),
    (User, _("Colleagues"), _("Names and addresses of everybody in the company")),
    (Absence, _("Absences"), _("Who is away, and takes no new leads meanwhile")),
)
set_up(
    (SALES[0], SALES[1] + 50),
    (CustomFieldDefinition, _("Custom fields"), _("Fields of your own, with a preview")),
)
set_up(
    INTEGRATIONS,
    (ApiToken, _("API tokens"), _("Keys of programs that use the API")),
    (
        WebhookEndpoint,
        _("Webhooks"),
        _("Addresses that are told of changes; test them, and see what came back"),
    ),
    (WebhookDelivery, _("Webhook deliveries"), _("What was sent, and what came back")),
    (RegisteredDocument, _("Registered queries"), _("Queries that programs may send")),
)
set_up(
    UPKEEP,
    (Filesystem, _("Files"), _("Everything that was attached")),
    (SocialChannel, _("Conversations"), _("Channels of leads and people")),
    (AuditEntry, _("Audit list"), _("Sign-ins, and changes of rights")),
    (WorkPart, _("Background work"), _("What runs by itself, and when")),
)
register_quick_add(
    QuickAdd(
        label=_("Task"), weight=40, address=lambda: reverse("admin:new_task"), action=Action.CHANGE_ACTIVITIES
    ),
    QuickAdd(
        label=_("Call"), weight=50, address=lambda: reverse("admin:new_call"), action=Action.CHANGE_ACTIVITIES
    ),
)
