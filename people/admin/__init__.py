"""The admin pages of people and organizations."""

from crm.admin.language import translate_models

# Before the forms are made of the models.
translate_models("people")

# Imported for their registrations.
from people.admin import contact_types, entries, merges, organizations, people, related  # noqa: E402, F401
