"""The admin pages of people and organizations."""

# Imported for their registrations.
from people.admin import contact_types, entries, merging, organizations, people, related  # noqa: F401
