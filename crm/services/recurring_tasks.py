"""Tasks that repeat: the next one is made when the last one is done."""

from datetime import tzinfo

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from crm.actors import Actor
from crm.dates import zone_named
from crm.models import Activity, Company, User
from crm.recurrence import following, moved_along
from crm.services import saving


def check_rule(task: Activity) -> None:
    """Refuse a rule by which no task would ever follow; its form is checked by ``Activity.clean``."""
    if not task.recurrence or task.due_at is None:
        return
    try:
        follows = following(task.recurrence, task.due_at, zone=_zone(task)) is not None
    except ValueError as refused:
        raise ValidationError({"recurrence": [str(refused)]}) from None
    if not follows:
        raise ValidationError({"recurrence": ["This rule has no date after the due date."]})


def create_next(task: Activity, *, actor: Actor) -> Activity | None:
    """Create the task that follows one that is done and locked; None if its series has ended.

    A task that was opened again and done again has its next one already, even if that was deleted.
    """
    if not task.recurrence or task.due_at is None:
        return None
    if Activity.objects.filter(previous=task).exists():
        return None
    zone = _zone(task)
    former = task.previous.due_at if task.previous is not None else None
    next_date = following(task.recurrence, task.due_at, zone=zone, former=former)
    if next_date is None:
        return None
    follower = Activity(
        company_id=task.company_id,
        content_type_id=task.content_type_id,
        object_id=task.object_id,
        kind=task.kind,
        subject=task.subject,
        text=task.text,
        user_id=task.user_id,
        assignee=_assignee(task),
        due_at=next_date.at,
        priority=task.priority,
        recurrence=next_date.rule,
        previous=task,
        door=actor.door.value,
    )
    if task.remind_at is not None:
        follower.remind_at = moved_along(task.remind_at, old=task.due_at, new=next_date.at, zone=zone)
    saving.store(follower, actor=actor)
    return follower


def _zone(task: Activity) -> tzinfo:
    """Return the time zone of a task: the assignee's, else the company's."""
    company = Company.objects.only("timezone").get(pk=task.company_id)
    return zone_named(task.assignee.timezone if task.assignee is not None else None, company.timezone)


def _assignee(task: Activity) -> User | None:
    """Return the assignee of the next task: nobody if the member may do none any more."""
    if task.assignee_id is None:
        return None
    assignable: QuerySet[User] = User.objects.assignable_in(task.company_id)
    return assignable.filter(pk=task.assignee_id).first()
