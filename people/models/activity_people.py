"""People who take part in an activity."""

from typing import ClassVar, Self

from django.db import models

from crm.actors import Actor
from crm.models import Activity
from crm.models.base import Stamped, TenantQuerySet
from people.models.person import Person


class ActivityPersonQuerySet(TenantQuerySet["ActivityPerson"]):
    def visible_to(self, actor: Actor) -> Self:
        # By both of its rows: it has no company of its own, and a deleted person is shown nowhere.
        return self.filter(
            activity__company_id=actor.company_id,
            person__company_id=actor.company_id,
            person__deleted_at__isnull=True,
        )


class ActivityPerson(Stamped):
    """A person who takes part in an activity, such as the other side of a call."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="people_participations")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="activity_participations")

    objects: ClassVar[ActivityPersonQuerySet] = ActivityPersonQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "people of activities"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "person"],
                name="activity_person_once",
                violation_error_message="This person takes part already.",
            )
        ]

    def __str__(self) -> str:
        return str(self.person)
