"""Arguments that several commands share; a wrong one ends the command with one sentence."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import CommandError
from phonenumbers import SUPPORTED_REGIONS

from crm.actors import Actor, Door, Role
from crm.authentication import actor_for
from crm.checks import ensure_database, ensure_migrated
from crm.errors import CrmError, Forbidden, NotFound
from crm.models import Company, User
from crm.models.base import pick
from crm.models.companies import DEFAULT_REGION


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


def member_actor(username: str, company_key: str, *, door: Door) -> Actor:
    """Return the actor for a member of a company, by name and by id or UUID."""
    user, company = user_of(username), company_of(company_key)
    try:
        return actor_for(user, company, door=door)
    except (NotFound, Forbidden) as error:
        raise CommandError(f"{username} is not an active member of {company}.") from error


def role_of(text: str) -> Role:
    """Parse a role, ignoring case."""
    try:
        return Role(text.upper())
    except ValueError as error:
        known = ", ".join(Role)
        # argparse shows only messages of this class.
        raise argparse.ArgumentTypeError(f"there is no role {text}; the roles are {known}") from error


def region_code(text: str) -> str:
    """Parse the country code of a region."""
    code = text.strip().upper()
    if code not in SUPPORTED_REGIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is no country code of two letters, such as US or DE")
    return code


def add_region(parser: argparse.ArgumentParser, *, otherwise: str) -> None:
    """Add the option for the region of a new company.

    :param otherwise: what happens without it, for the help.
    """
    parser.add_argument(
        "--region",
        type=region_code,
        metavar="CODE",
        help="country code of two letters that phone numbers without a prefix belong to "
        f"(default: {otherwise})",
    )


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add the option for the language of a new company."""
    parser.add_argument(
        "--language",
        choices=sorted(code for code, _name in settings.LANGUAGES),
        help="of its pages and mails, and of the names of what it starts with (default: English)",
    )


def chosen_region(given: str | None) -> str:
    """Return the region of a new company: the option, else what a person at a terminal answers."""
    if given is not None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return given or DEFAULT_REGION
    while True:
        answer = input(f"Country code of phone numbers without a prefix [{DEFAULT_REGION}]: ")
        try:
            return region_code(answer or DEFAULT_REGION)
        except argparse.ArgumentTypeError as unknown:
            sys.stdout.write(f"{unknown}.\n")


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
