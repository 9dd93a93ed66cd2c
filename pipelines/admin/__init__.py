"""The admin pages of pipelines with their stages."""

# Imported for their registrations.
from pipelines.admin import pipelines  # noqa: F401
