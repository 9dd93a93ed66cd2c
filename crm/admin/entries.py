"""The entries of the navigation for the pages of crm, and what is added from any page."""

from django.urls import reverse

from crm.actors import Action
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
    ("Company and members", 100),
    ("Sales process", 200),
    ("New leads", 300),
    ("Integrations", 400),
    ("Work and upkeep", 500),
)


def set_up(group: tuple[str, int], *entries: tuple[type, str, str]) -> None:
    """Register entries of one group of the set-up: model, label and hint of each."""
    title, first = group
    for weight, (model, label, hint) in enumerate(entries, first):
        register(
            Entry(label=label, section=Section.SET_UP, weight=weight, model=model, group=title, hint=hint)
        )


register(
    Entry(label="Tasks", section=Section.WORK, weight=60, model=Activity, icon="tasks"),
    Entry(label="Calendar", section=Section.WORK, weight=70, page="crm_activity_calendar", icon="calendar"),
    Entry(
        label="Imports",
        section=Section.DATA,
        weight=60,
        page="imports",
        icon="imports",
        action=Action.IMPORT,
    ),
    Entry(label="Tags", section=Section.DATA, weight=90, model=Tag, icon="tags", action=Action.CHANGE_TAGS),
)
set_up(
    COMPANY,
    (Company, "Company", "Name, currency, time zone, who sees which leads"),
    (Membership, "Members", "Invite colleagues, and choose their roles"),
    (User, "Colleagues", "Names and addresses of everybody in the company"),
    (Absence, "Absences", "Who is away, and takes no new leads meanwhile"),
)
set_up((SALES[0], SALES[1] + 50), (CustomFieldDefinition, "Custom fields", "Fields of your own"))
set_up(
    INTEGRATIONS,
    (ApiToken, "API tokens", "Keys of programs that use the API"),
    (WebhookEndpoint, "Webhooks", "Addresses that are told of changes"),
    (WebhookDelivery, "Webhook deliveries", "What was sent, and what came back"),
    (RegisteredDocument, "Registered queries", "Queries that programs may send"),
)
set_up(
    UPKEEP,
    (Filesystem, "Files", "Everything that was attached"),
    (SocialChannel, "Conversations", "Channels of leads and people"),
    (AuditEntry, "Audit list", "Sign-ins, and changes of rights"),
    (WorkPart, "Background work", "What runs by itself, and when"),
)
register_quick_add(
    QuickAdd(
        label="Task", weight=40, address=lambda: reverse("admin:new_task"), action=Action.CHANGE_ACTIVITIES
    ),
    QuickAdd(
        label="Call", weight=50, address=lambda: reverse("admin:new_call"), action=Action.CHANGE_ACTIVITIES
    ),
)
