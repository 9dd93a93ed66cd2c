"""The participants and followers of a lead, and the people who have to do with it."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from crm.actors import Actor
from crm.models.base import Stamped, TenantQuerySet
from leads.models.lead import Lead
from people.models import PeopleRelationship, Person


class Involvement(Stamped):
    """The involvement of a user in a lead: it lets the user see the lead where only own leads are visible."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.user)


class LeadParticipant(Involvement):
    """A member who works on a lead with its owner."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="participations")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "user"],
                name="lead_participant_once",
                violation_error_message="This user takes part already.",
            )
        ]


class LeadFollower(Involvement):
    """A member who watches a lead."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="followings")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "user"],
                name="lead_follower_once",
                violation_error_message="This user follows already.",
            )
        ]


class LeadPersonQuerySet(TenantQuerySet["LeadPerson"]):
    def visible_to(self, actor: Actor) -> Self:
        # By both of its rows: it has no company of its own, and a deleted person is shown nowhere.
        return self.filter(
            lead__company_id=actor.company_id,
            person__company_id=actor.company_id,
            person__deleted_at__isnull=True,
        )


class LeadPerson(Stamped):
    """A further person of a lead, such as a decision maker, with the relationship to the lead."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="people_participations")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="lead_participations")
    relationship = models.ForeignKey(
        PeopleRelationship, on_delete=models.RESTRICT, null=True, blank=True, related_name="participations"
    )

    objects: ClassVar[LeadPersonQuerySet] = LeadPersonQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "people of leads"
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "person"],
                name="lead_person_once",
                violation_error_message="This person takes part already.",
            )
        ]

    def __str__(self) -> str:
        return str(self.person)
