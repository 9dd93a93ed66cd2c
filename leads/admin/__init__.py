"""The admin of leads, their lookups, receivers and rotations, and of new companies."""

from crm.admin.language import translate_models

# Before the forms are made of the models.
translate_models("leads")

# Imported for their registrations.
from leads.admin import companies, entries, leads, lookups, my_day, receivers, related, rotations  # noqa: E402, F401
