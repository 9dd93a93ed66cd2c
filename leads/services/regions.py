"""Phone numbers of leads mean others when their company's region changes."""

from typing import Any

from django.dispatch import receiver

from crm.models import Company
from crm.signals import region_changed
from leads.models import Lead
from people.services.regions import BATCH


@receiver(region_changed)
def spell_phones_anew(*, company: Company, **_: Any) -> None:
    """Set the canonical spelling of every phone of the leads of a company, and what they are searched by."""
    leads = Lead._base_manager.filter(company=company).exclude(phone=None).exclude(phone__startswith="+")
    keys = list(leads.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        changed = []
        for lead in Lead._base_manager.filter(pk__in=keys[start : start + BATCH]):
            before = lead.phone_canonical
            lead.company = company
            lead.make_findable()
            if lead.phone_canonical != before:
                changed.append(lead)
        Lead._base_manager.bulk_update(changed, ["phone_canonical", "search_text"])
