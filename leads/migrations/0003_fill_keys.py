from typing import Any

from django.db import migrations

from crm.services.backfill import Backfill
from people.models.canonical import canonical_email, email_spellings, phone_spellings, search_text
from people.models.phones import LONGEST_DIALLED, canonical_phone, dialled_number

LOOKUPS = ("LeadLostReason", "LeadSource", "LeadStatus", "LeadType")


def derive_lead(lead: Any) -> None:
    region = lead.company.region
    lead.email_canonical = canonical_email(lead.email)
    lead.phone_canonical = canonical_phone(lead.phone, region)
    lead.phone_dialled = (dialled_number(lead.phone, region) or "")[:LONGEST_DIALLED] or None
    lead.search_text = search_text(
        lead.title,
        " ".join(part for part in (lead.firstname, lead.lastname) if part),
        *email_spellings(lead.email),
        *phone_spellings(lead.phone, lead.phone_canonical),
    )


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("leads", "0002_key_columns"), ("people", "0004_unique_keys")]

    operations = [
        *(Backfill("leads", model, unique_within=("company_id",)) for model in LOOKUPS),
        Backfill("leads", "Lead", derive_lead, joined=("company",)),
    ]
