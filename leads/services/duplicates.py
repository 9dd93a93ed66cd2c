"""Find leads that may be about the same business."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from crm.actors import Actor
from leads.models import Lead
from people.services.duplicates import MOST_LISTED


def duplicates_of_leads(leads: Sequence[Lead], actor: Actor) -> dict[int, list[int]]:
    """Return the ids of each lead's duplicates: the other visible open leads of its person, oldest first.

    At most one more than is listed.
    """
    people = {lead.person_id for lead in leads} - {None}
    # Limited for each person in the database: one person may have thousands of leads.
    number_of_person = Window(RowNumber(), partition_by=F("person_id"), order_by=F("pk").asc())
    rows = (
        Lead.objects.visible_to(actor)
        .open()
        .filter(person__in=people)
        .annotate(number=number_of_person)
        # The lead itself may be among them, and one more than is listed shows that there are more.
        .filter(number__lte=MOST_LISTED + 2)
    )
    by_person: dict[int | None, list[int]] = defaultdict(list)
    for person, key in rows.values_list("person_id", "pk"):
        by_person[person].append(key)
    return {
        lead.pk: [key for key in sorted(by_person[lead.person_id]) if key != lead.pk][: MOST_LISTED + 1]
        for lead in leads
    }
