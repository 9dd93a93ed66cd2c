"""The admin pages of the core: accounts, companies, members, tokens, tags, files, channels, webhooks."""

from crm.admin import (
    absences,
    accounts,
    companies,
    custom_fields,
    documents,
    records,
    tokens,
    webhook_deliveries,
    webhooks,
)

__all__ = [
    "absences",
    "accounts",
    "companies",
    "custom_fields",
    "documents",
    "records",
    "tokens",
    "webhook_deliveries",
    "webhooks",
]
