"""The admin of the kernel: accounts, companies, tokens, tags, files, channels."""

from crm.admin import accounts, companies, custom_fields, records, tokens

__all__ = ["accounts", "companies", "custom_fields", "records", "tokens"]
