"""Calendar feeds: the addresses under which calendar programs read a member's tasks and meetings."""

from typing import ClassVar, Self

from django.db import models

from crm.actors import Actor
from crm.models.base import Stamped
from crm.models.companies import Membership


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the actor's own feed: not even administrators see that of another member."""
        return self.filter(membership__company_id=actor.company_id, membership__user_id=actor.user_id)


class CalendarFeed(Stamped):
    """The feed of one member in one company; of its secret only the hash is stored."""

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="calendar_feed")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    #: The hash of the calendar that was read last, and when it became so, for Last-Modified.
    content_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    content_changed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["CalendarFeed"]] = CalendarFeedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Calendar of {self.membership}"
