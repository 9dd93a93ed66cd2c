"""Arguments that several commands share; a wrong one ends the command with one sentence."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import CommandError

from crm.actors import Role
from crm.checks import ensure_database, ensure_migrated
from crm.errors import CrmError, NotFound
from crm.models import Company, User
from crm.models.base import pick


def ensure_ready() -> None:
    """Check that the database answers and has all migrations."""
    ensure_database()
    ensure_migrated()


def company_of(key: str) -> Company:
    """Return the company with this id or UUID."""
    try:
        return pick(Company.objects.all(), key)
    except NotFound as error:
        raise CommandError(f"There is no company {key}.") from error


def user_of(username: str) -> User:
    """Return the user with this name."""
    user: User | None = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user {username}.")
    return user


def role_of(text: str) -> Role:
    """Parse a role, ignoring case."""
    try:
        return Role(text.upper())
    except ValueError as error:
        known = ", ".join(Role)
        # argparse shows only messages of this class.
        raise argparse.ArgumentTypeError(f"there is no role {text}; the roles are {known}") from error


@contextmanager
def refusals_as_command_errors() -> Iterator[None]:
    """Turn refusals of the services into errors of the command."""
    try:
        yield
    except ValidationError as refusal:
        raise CommandError(_sentence(refusal)) from refusal
    except CrmError as refusal:
        raise CommandError(refusal.message) from refusal


def _sentence(refusal: ValidationError) -> str:
    if not hasattr(refusal, "error_dict"):
        return " ".join(refusal.messages)
    by_field = ((field, " ".join(messages)) for field, messages in refusal.message_dict.items())
    return " ".join(text if field == NON_FIELD_ERRORS else f"{field}: {text}" for field, text in by_field)
