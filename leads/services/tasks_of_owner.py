"""Hand the open tasks, calls and meetings of a lead's owner over to its next owner."""

from django.utils import timezone

from crm.actors import Actor
from crm.database.write_behind import change_columns
from crm.models import Activity
from crm.models.records import link_columns
from crm.services import record_events, stored_rows
from leads.models import Lead


def lock_tasks(lead: Lead, owner_id: int | None, *, actor: Actor) -> list[Activity]:
    """Return the open tasks, calls and meetings of a lead that are its owner's to do, locked.

    Read before the lead changes hands: an actor who sees their own leads alone gives it out of sight.
    """
    if owner_id is None:
        return []
    rows = Activity.objects.visible_to(actor).to_do().filter(**link_columns(lead), assignee=owner_id)
    # Whoever changes a task locks it before its lead: to wait for one here could be a deadlock. A task that
    # somebody changes at this moment stays whose it is.
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk"))


def hand_over(
    tasks: list[Activity], lead: Lead, *, actor: Actor, before: frozenset[int], after: frozenset[int]
) -> None:
    """Assign tasks to the new owner of their lead: one UPDATE and one INSERT, however many they are.

    :param tasks: locked.
    :param before: ids of the users who saw the lead before it changed hands; ``after``: who see it now.
    """
    if not tasks:
        return
    columns = {"assignee_id": lead.owner_id, "updated_at": timezone.now()}
    change_columns(Activity, [task.pk for task in tasks], columns, {"version": 1})
    former = {"assignee_id": tasks[0].assignee_id}
    for task in tasks:
        task.assignee = lead.owner
        stored_rows.note(task, created=False, before=former)
    record_events.emit_alike(tasks, former, actor=actor, readers_before=before, readers_after=after)
