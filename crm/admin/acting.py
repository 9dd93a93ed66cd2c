"""The actor of a request to the admin: the signed-in user, in the company chosen for the session."""

from datetime import tzinfo

from django.http import HttpRequest

from crm.actors import Actor, Door
from crm.authentication import COMPANY_IN_SESSION, authenticate_session
from crm.dates import zone_named
from crm.errors import NotFound, SecondFactorMissing, Unauthenticated
from crm.models import Company


def actor_of(request: HttpRequest) -> Actor | None:
    """Return the actor of a request; None for a user without a company, or without a required factor."""
    # Looked up once: a page asks for its permissions dozens of times.
    attributes = vars(request)
    if "acting" not in attributes:
        attributes["acting"] = _look_up(request)
    actor: Actor | None = attributes["acting"]
    return actor


def act_as(request: HttpRequest, actor: Actor) -> None:
    """Have the rest of a request done by its actor under the name of a bulk change."""
    vars(request)["acting"] = actor


def _look_up(request: HttpRequest) -> Actor | None:
    chosen = request.session.get(COMPANY_IN_SESSION)
    try:
        return _actor_in(request, None if chosen is None else str(chosen))
    except (Unauthenticated, SecondFactorMissing):
        return None
    except NotFound:
        # The membership ended after the company was chosen.
        del request.session[COMPANY_IN_SESSION]
    try:
        return _actor_in(request, None)
    except (Unauthenticated, SecondFactorMissing):
        return None


def _actor_in(request: HttpRequest, company_key: str | None) -> Actor:
    return authenticate_session(request.user, company_key=company_key, door=Door.ADMIN).actor


def companies_of(request: HttpRequest) -> list[Company]:
    """Return the companies that the signed-in user can work in, by name."""
    if request.user.is_anonymous:
        return []
    attributes = vars(request)
    if "companies" not in attributes:
        memberships = request.user.memberships.filter(is_active=True, company__is_active=True)
        rows = memberships.select_related("company").order_by("company__name", "pk")
        attributes["companies"] = [row.company for row in rows]
    companies: list[Company] = attributes["companies"]
    return companies


def current_company(request: HttpRequest) -> Company | None:
    """Return the company that the user works in, with its settings."""
    actor = actor_of(request)
    return next((row for row in companies_of(request) if actor and row.pk == actor.company_id), None)


def zone_of(request: HttpRequest) -> tzinfo:
    """Return the time zone in which the user reads and types times: their own, else the company's."""
    own = getattr(request.user, "timezone", None)
    company = None if own else current_company(request)
    return zone_named(own, None if company is None else company.timezone)
