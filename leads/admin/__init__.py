"""The admin of leads, their lookups, receivers and rotations, and of new companies."""

from crm.admin.language import translate_models

# Before the forms are made of the models.
translate_models("leads")

# Imported for their registrations.
from leads.admin import (  # noqa: E402, F401
    companies,
    entries,
    leads,
    lookups,
    my_day,
    receiver_attempts,
    receivers,
    related,
    rotations,
)
