from typing import Any

from django.db import migrations

from crm.services.backfill import Backfill
from people.models.legal_forms import comparable_organization


def derive(organization: Any) -> None:
    organization.comparable_key = comparable_organization(organization.name)


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("people", "0009_do_not_contact")]

    operations = [Backfill("people", "Organization", derive)]
