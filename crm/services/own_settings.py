"""The settings that members change themselves: time zone, language, and when their daily mail is sent."""

from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.dates import check_time_zone
from crm.languages.chosen import check_language
from crm.models import User
from crm.services import locking, saving
from crm.services.notifications import set_digest_hour


class OwnValues(TypedDict, total=False):
    timezone: str | None
    language: str | None
    digest_hour: int | None


@transaction.atomic
def update_own(values: OwnValues, *, actor: Actor) -> User:
    """Change the given settings of the actor's own account and membership.

    :param values: without a time zone, that of the company counts; without a language, that of the browser.
    """
    actor.require(Action.CHANGE_OWN)
    saving.refuse_null(values, ["digest_hour"])
    user = locking.lock(User, actor, actor.user_id)
    if "timezone" in values:
        user.timezone = values["timezone"] or None
        try:
            check_time_zone(user.timezone)
        except ValueError as refused:
            raise ValidationError({"timezone": [str(refused)]}) from refused
        user.save(update_fields=["timezone", "updated_at"])
    if "language" in values:
        user.language = values["language"] or None
        try:
            check_language(user.language)
        except ValueError as refused:
            raise ValidationError({"language": [str(refused)]}) from refused
        user.save(update_fields=["language", "updated_at"])
    hour = values.get("digest_hour")
    if hour is not None:
        set_digest_hour(hour, actor=actor)
    return user
