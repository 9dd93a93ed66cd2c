"""The admin pages of the core: accounts, companies, members, activities, files, notifications, webhooks."""

from crm.admin.language import translate_models

# Before the forms are made of the models.
translate_models("crm")

# Imported for their registrations.
from crm.admin import (  # noqa: E402, F401
    absences,
    accounts,
    activities,
    audit,
    companies,
    documents,
    entries,
    field_definitions,
    members,
    notifications,
    records,
    tokens,
    webhook_deliveries,
    webhooks,
    work,
)
