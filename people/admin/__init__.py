"""The admin pages of people and organizations."""

from people.admin import contact_types, merging, organizations, people

__all__ = ["contact_types", "merging", "organizations", "people"]
