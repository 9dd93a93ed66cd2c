"""The admin of leads, their lookups and receivers, and the making of companies."""

from crm.admin.timeline import WithTimeline
from leads.admin import companies, leads, lookups, receivers, relationships, rotations
from leads.services.timeline import Timeline

WithTimeline.entries_of = Timeline

__all__ = ["companies", "leads", "lookups", "receivers", "relationships", "rotations"]
