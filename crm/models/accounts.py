"""Users."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from crm.actors import Actor
from crm.database.keys import parse_id, parse_uuid
from crm.database.patterns import holding_pattern
from crm.dates import check_time_zone
from crm.emails import LONGEST_EMAIL, canonical_email, check_email
from crm.errors import NotFound
from crm.languages.chosen import check_language
from crm.models.base import CallbackQuerySet, pick
from crm.models.texts import normalize_texts


def canonical_username(username: str) -> str | None:
    """Return the canonical form of a username that is an e-mail address; None for another one."""
    return canonical_email(username) if "@" in username else None


class UserQuerySet(CallbackQuerySet["User"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the members of the actor's company, including inactive ones."""
        return self.filter(memberships__company_id=actor.company_id)

    def search(self, text: str, _actor: Actor | None = None) -> Self:
        """Narrow to the users whose names or e-mail contain every word of the text, ignoring case."""
        found = self
        for word in text.split():
            part = holding_pattern(word)
            named = Q(displayname__like=part) | Q(username__like=part) | Q(email__like=part)
            if "@" in word:
                named |= Q(email_canonical__like=holding_pattern(canonical_email(word) or word))
            found = found.filter(named)
        return found

    def assignable_in(self, company_id: int) -> Self:
        """Narrow to the users who can own leads of a company: active members above viewer."""
        return self.filter(
            is_active=True,
            memberships__company_id=company_id,
            memberships__is_active=True,
            memberships__role__in=["AGENT", "MANAGER", "ADMIN"],
        )

    def find(self, actor: Actor, key: object, *, argument: str = "id") -> "User":
        return pick(self.visible_to(actor), key, argument=argument)

    def find_all(self, actor: Actor, keys: Sequence[object], *, argument: str) -> list["User"]:
        """Return the members of the actor's company with these ids or UUIDs, in one statement."""
        # A text of digits only is an id, even where it could be a UUID too.
        parsed = [parse_uuid(key) if (number := parse_id(key)) is None else number for key in keys]
        numbers = [key for key in parsed if isinstance(key, int)]
        identifiers = [key for key in parsed if isinstance(key, uuid.UUID)]
        found: dict[object, User] = {}
        if parsed:
            for user in self.visible_to(actor).filter(Q(pk__in=numbers) | Q(uuid__in=identifiers)):
                found |= {user.pk: user, user.uuid: user}
        for index, key in enumerate(parsed):
            if key not in found:
                raise NotFound(f"{argument}.{index}")
        return [found[key] for key in parsed]


class CrmUserManager(UserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]  # a class made at run time
    """Django's user manager with the methods of ``UserQuerySet``."""


class User(AbstractUser):
    """A person who signs in; a member of one or more companies."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    displayname = models.CharField(max_length=150, blank=True)
    timezone = models.CharField(max_length=64, null=True, blank=True)
    #: Of the pages and mails; without one, that of the browser and then of the company counts.
    language = models.CharField(max_length=16, null=True, blank=True)
    #: The forms by which an account is found, and by which an address names one account only.
    email_canonical = models.CharField(max_length=LONGEST_EMAIL, null=True, editable=False, db_index=True)
    username_canonical = models.CharField(max_length=LONGEST_EMAIL, null=True, editable=False, unique=True)
    updated_at = models.DateTimeField(auto_now=True)

    #: The stored values of the columns that are checked when they change.
    _stored: Mapping[str, Any] = {}

    objects: ClassVar[CrmUserManager] = CrmUserManager()

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        user = super().from_db(*args, **kwargs)
        user._stored = {
            name: user.__dict__.get(name) for name in ("email", "username", "timezone", "language")
        }
        return user

    def __str__(self) -> str:
        return self.displayname or self.username

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        normalize_texts(self)
        super().clean_fields(exclude)

    def clean(self) -> None:
        super().clean()
        # Colleagues see this name, so it must not be empty.
        self.displayname = self.displayname.strip() or self.get_full_name() or self.username
        if self._is_new("email") and self.email:
            try:
                check_email(self.email)
            except ValidationError as refused:
                raise ValidationError({"email": refused.messages}) from refused
        if self._is_new("timezone"):
            try:
                check_time_zone(self.timezone)
            except ValueError as refused:
                raise ValidationError({"timezone": str(refused)}) from refused
        if self._is_new("language"):
            try:
                check_language(self.language)
            except ValueError as refused:
                raise ValidationError({"language": str(refused)}) from refused
        same = User.objects.filter(username_canonical=canonical_username(self.username)).exclude(pk=self.pk)
        if self._is_new("username") and canonical_username(self.username) and same.exists():
            raise ValidationError({"username": "A user with that username already exists."})
        self._set_canonical()

    def _is_new(self, name: str) -> bool:
        return self._state.adding or getattr(self, name) != self._stored.get(name)

    def _set_canonical(self) -> None:
        self.email_canonical = canonical_email(self.email)
        # Two accounts may be named by one address since before this was compared: only the older one has it.
        if self._is_new("username"):
            self.username_canonical = canonical_username(self.username)

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Again here: createsuperuser does not call clean().
        if not self.displayname:
            self.displayname = self.get_full_name() or self.username
        self._set_canonical()
        super().save(*args, **kwargs)

    def is_visible_to(self, actor: Actor) -> bool:
        """Return True: only members own, create or take part in rows, and memberships are never deleted."""
        return True
