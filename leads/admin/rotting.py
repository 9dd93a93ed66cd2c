"""Why a lead rots, in the language and time zone of who reads it."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from leads.models import Lead
from leads.models.rotting import LastActivity, rotting_reason


def rotting_shown(lead: Lead) -> str:
    """Return why a lead rots, such as "12 days since note of 3 March, limit 7"; empty if it does not."""
    if rotting_reason(lead) is None:
        return ""
    days = (timezone.now() - lead.last_activity_at).days
    said = ngettext(
        "%(days)s day since %(activity)s of %(day)s, limit %(limit)s",
        "%(days)s days since %(activity)s of %(day)s, limit %(limit)s",
        days,
    )
    return said % {
        "days": days,
        "activity": gettext(LastActivity(lead.last_activity).label),
        "day": date_format(timezone.localtime(lead.last_activity_at), gettext("j F")),
        "limit": lead.stage.rotting_days,
    }
