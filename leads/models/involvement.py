"""Colleagues who take part in a lead or follow it."""

from django.conf import settings
from django.db import models

from crm.models.base import Stamped
from leads.models.lead import Lead


class Involvement(Stamped):
    """A user's tie to a lead, which lets the user see it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.user)


class LeadParticipant(Involvement):
    """A team member who works on a lead beside its owner."""

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
    """A team member who watches a lead."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="followings")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "user"],
                name="lead_follower_once",
                violation_error_message="This user follows already.",
            )
        ]
