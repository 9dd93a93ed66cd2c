"""The admin pages of the core: accounts, companies, members, tags, files, channels, webhooks, work."""

# Imported for their registrations.
from crm.admin import (  # noqa: F401
    absences,
    accounts,
    audit,
    companies,
    custom_fields,
    documents,
    records,
    tokens,
    webhook_deliveries,
    webhooks,
    work,
)
