"""Read the input of an activity into its row, and set who takes part in it."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.read_once import once
from crm.models import Activity, ActivityKind, ActivityParticipant, EntityKind, Priority, User
from crm.models.activity_kinds import named_kind, takes
from crm.models.custom_fields import is_storable
from crm.records.registry import record_kind
from crm.services import saving
from crm.services.history import Changes
from crm.services.records import RecordReference

#: Columns that are set as they are given.
PLAIN = ("subject", "due_at", "remind_at", "recurrence", "starts_at", "minutes", "direction", "outcome")
#: Fields that are never null.
REQUIRED = ("kind", "text", "priority")


class ActivityValues(RecordReference, total=False):
    kind: str | None
    subject: str | None
    text: str | None
    assignee_id: object
    due_at: datetime | None
    remind_at: datetime | None
    priority: str | None
    recurrence: str | None
    starts_at: datetime | None
    minutes: int | None
    direction: str | None
    outcome: str | None
    participants_id: Sequence[object] | None
    people_participants_id: Sequence[object] | None


def assign_values(activity: Activity, values: ActivityValues, *, actor: Actor) -> None:
    """Set the columns that the values hold; an absent key leaves a column as it is."""
    if values.get("kind") is not None:
        activity.kind = values["kind"] or ActivityKind.NOTE
    if "text" in values:
        activity.text = values["text"] or ""
    if values.get("priority") is not None:
        activity.priority = values["priority"] or Priority.NORMAL
    saving.assign(activity, values, PLAIN)
    # PostgreSQL stores no NUL characters. Texts of one line lose them when they are normalized.
    if not is_storable(activity.text):
        raise ValidationError({"text": ["Remove characters that cannot be stored, such as NUL."]})
    if "assignee_id" in values:
        activity.assignee = _find_assignee(values["assignee_id"], actor)


def _find_assignee(key: object, actor: Actor) -> User | None:
    if saving.is_none_given(key):
        return None
    # A batch has many tasks of few members.
    return once((actor.company_id, "assignee", key), lambda: _read_assignee(key, actor))


def _read_assignee(key: object, actor: Actor) -> User:
    user: User = User.objects.find(actor, key, argument="assignee_id")
    if not User.objects.assignable_in(actor.company_id).filter(pk=user.pk).exists():
        raise ValidationError({"assignee_id": ["An assignee is an active member who is not a viewer."]})
    return user


def set_participants(activity: Activity, values: ActivityValues, *, actor: Actor) -> Changes:
    """Set the members and people who take part in a stored activity; return what changed.

    :raises ValidationError: if activities of this kind have no participants.
    """
    changes: dict[str, Sequence[Sequence[str]]] = {}
    for name, set_named in PARTICIPANTS.items():
        argument = f"{name}_id"
        if argument not in values:
            continue
        keys: Sequence[object] = values.get(argument) or []  # type: ignore[assignment]  # of one of the lists
        if keys and not takes(activity.kind, name):
            raise ValidationError({argument: [f"{named_kind(activity.kind)} has no participants."]})
        change = set_named(activity, keys, actor, argument)
        if change is not None:
            changes[name] = change
    return changes


def refuse_leftovers(activity: Activity) -> None:
    """Refuse an activity of a kind without participants that still has some from its former kind."""
    for name in PARTICIPANTS:
        if not takes(activity.kind, name) and getattr(activity, name).exists():
            raise ValidationError(
                {f"{name}_id": [f"{named_kind(activity.kind)} has no participants: send an empty list."]}
            )


def _set_users(
    activity: Activity, keys: Sequence[object], actor: Actor, argument: str
) -> Sequence[Sequence[str]] | None:
    wanted = {user.pk: user for user in User.objects.find_all(actor, keys, argument=argument)}
    present = {row.user_id: row for row in activity.participations.select_related("user")}
    if wanted.keys() == present.keys():
        return None
    gone = [row.pk for key, row in present.items() if key not in wanted]
    ActivityParticipant.objects.filter(pk__in=gone).delete()
    ActivityParticipant.objects.bulk_create(
        ActivityParticipant(activity=activity, user=user)
        for key, user in wanted.items()
        if key not in present
    )
    return [sorted(str(row.user) for row in present.values()), sorted(map(str, wanted.values()))]


def _set_people(
    activity: Activity, keys: Sequence[object], actor: Actor, argument: str
) -> Sequence[Sequence[str]] | None:
    set_people = record_kind(EntityKind.PEOPLE).set_participants
    assert set_people is not None
    return set_people(activity, keys, actor=actor, argument=argument)


#: Sets each list of participants, by its name.
PARTICIPANTS = {"participants": _set_users, "people_participants": _set_people}
