"""The admin of leads, their lookups and receivers, and the making of companies."""

from crm.admin.timeline import WithTimeline
from crm.services.timeline import Timeline
from leads.admin import companies, leads, lookups, receivers, relationships, rotations

WithTimeline.entries_of = Timeline

__all__ = ["companies", "leads", "lookups", "receivers", "relationships", "rotations"]
