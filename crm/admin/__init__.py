"""The admin of the kernel: accounts, companies, tokens, tags, files, channels."""

from crm.admin import accounts, companies, records, tokens

__all__ = ["accounts", "companies", "records", "tokens"]
