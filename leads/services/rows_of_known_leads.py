"""Read what the change of a stored lead needs, for all leads that a batch has read ahead together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from crm.database.read_once import once
from crm.database.rows_ahead import kept_rows
from crm.models.channels import SocialChannel
from crm.services.channels import default_slug
from leads.models import Lead, LeadFollower, LeadParticipant, LeadStatus, StageVisit
from pipelines.models import Stage

#: Rows of one lead, by the names that ``ReferencedRows`` has for them.
RowsOfLead = Mapping[str, Sequence[Any]]


def rows_of_known_lead(lead: Lead) -> RowsOfLead:
    """Return the stage, the status, the people, the open visit and the channel of a lead.

    :param lead: as it is stored; one that was read ahead.
    """
    own = once((lead.company_id, "rows of known leads"), lambda: _read(lead.company_id))[lead.pk]
    stages = Stage.objects.filter(company_id=lead.company_id, pk=lead.stage_id).select_related("pipeline")
    # A lead keeps a stage that was deleted, so it is read whether it is deleted or not.
    stage = once((lead.company_id, "stage of leads", lead.stage_id), lambda: list(stages))
    statuses = LeadStatus.objects.filter(company_id=lead.company_id, pk=lead.status_id)
    status = once((lead.company_id, "status of leads", lead.status_id), lambda: list(statuses))
    return {"stage": stage, "status": status, **own}


def _read(company_id: int) -> Mapping[int, dict[str, list[Any]]]:
    leads = kept_rows(Lead)
    found: dict[int, dict[str, list[Any]]] = defaultdict(dict)
    of_leads: dict[str, QuerySet[Any]] = {
        "participants": LeadParticipant.objects.filter(lead__in=leads),
        "followers": LeadFollower.objects.filter(lead__in=leads),
        "open_visit": StageVisit.objects.filter(lead__in=leads, left_at=None),
    }
    for name, rows in of_leads.items():
        for row in rows:
            found[row.lead_id].setdefault(name, []).append(row)
    slugs = [default_slug(lead) for lead in leads]
    channels = SocialChannel.objects.filter(
        company_id=company_id, slug__in=slugs, content_type=ContentType.objects.get_for_model(Lead)
    )
    keys = {default_slug(lead): lead.pk for lead in leads}
    for channel in channels:
        if channel.object_id == keys[channel.slug]:
            found[channel.object_id].setdefault("default_channel", []).append(channel)
    return found
