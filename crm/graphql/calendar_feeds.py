"""The calendar feed of the acting member."""

from collections.abc import Callable

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.services import calendar_feeds

PERMISSION = Action.CHANGE_CALENDAR


class CalendarFeed(DjangoObjectType):
    """The calendar address of the acting member in this company, which shows tasks, meetings and calls.

    The address itself is shown once, when it is made.
    """

    class Meta:
        model = models.CalendarFeed
        fields = ("id", "created_at", "last_used_at")


class CalendarAddress(graphene.ObjectType):
    """A new calendar address. Only a hash of it is stored, so it is shown this once."""

    url = graphene.String(
        required=True, description="What a calendar program subscribes to; who has it reads the calendar."
    )
    feed = graphene.Field(CalendarFeed, required=True)


class UnrepeatableMutation(MutationField):
    """A mutation that answers with a secret: an Idempotency-Key would store the answer, and runs it again."""

    def _once(self, info: GraphQLResolveInfo, act: Callable[[], object]) -> object:
        return act()


class CalendarFeedQuery(graphene.ObjectType):
    calendar_feed = Guarded(CalendarFeed, description="The own calendar address; null without one.")

    @staticmethod
    def resolve_calendar_feed(_root: object, info: GraphQLResolveInfo) -> object:
        rows = models.CalendarFeed.objects.visible_to(actor_of(info))
        return load(rows, CalendarFeed, info.field_nodes, info).first()


class CalendarFeedMutation(graphene.ObjectType):
    create_calendar_feed = UnrepeatableMutation(
        CalendarAddress,
        permission=PERMISSION,
        description="Make the own calendar address, or renew it: a former one ends. An Idempotency-Key has no"
        " effect here: a repetition makes another address.",
    )
    revoke_calendar_feed = MutationField(
        graphene.Boolean,
        permission=PERMISSION,
        description="End the own calendar address; false if there was none.",
    )

    @staticmethod
    def resolve_create_calendar_feed(_root: object, info: GraphQLResolveInfo) -> object:
        feed, url = calendar_feeds.create_feed(actor=actor_of(info))
        return {"url": url, "feed": feed}

    @staticmethod
    def resolve_revoke_calendar_feed(_root: object, info: GraphQLResolveInfo) -> bool:
        return calendar_feeds.revoke_feed(actor=actor_of(info))
