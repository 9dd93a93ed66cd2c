"""The admin pages of the core: accounts, companies, members, activities, files, notifications, webhooks."""

# Imported for their registrations.
from crm.admin import (  # noqa: F401
    absences,
    accounts,
    activities,
    audit,
    companies,
    custom_fields,
    documents,
    entries,
    notifications,
    records,
    tokens,
    webhook_deliveries,
    webhooks,
    work,
)
