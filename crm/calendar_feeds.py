"""The address of a calendar feed: who has it reads the tasks and meetings of one member, and nothing else."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.http import require_safe

from crm.actors import Door, Scope
from crm.authentication import actor_for
from crm.errors import CrmError
from crm.models import CalendarFeed
from crm.request_origin import address_block, client_address
from crm.services import calendar_feeds
from crm.services.calendar_entries import calendar_of
from crm.services.rates import is_used_up, spend

#: Wrong secrets a minute from one address, after which it is answered 429, whatever it sends.
MOST_WRONG = 30


@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Answer with the calendar of the member whom the secret belongs to; an unknown secret is 404."""
    address = client_address(request.META)
    account = f"calendar:{address_block(address)}" if address else "calendar:"
    if is_used_up(account, most=MOST_WRONG):
        return _refusal(429, "Too many unknown addresses were asked for. Try again in a minute.")
    feed = calendar_feeds.find_feed(secret)
    try:
        content = None if feed is None else _content(feed)
    except CrmError:
        # The membership ended between two statements.
        content = None
    if feed is None or content is None:
        spend(account, 1, most=MOST_WRONG)
        return _refusal(404, "Not found.")
    calendar_feeds.note_use(feed)
    content_hash, since = calendar_feeds.content_state(feed, content)
    etag, changed = quote_etag(content_hash), int(since.timestamp())
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["ETag"], response["Last-Modified"] = etag, http_date(changed)
    return _private(get_conditional_response(request, etag, changed, response) or response)


def _content(feed: CalendarFeed) -> bytes:
    membership = feed.membership
    actor = actor_for(membership.user, membership.company, door=Door.GRAPHQL)
    return calendar_of(membership, replace(actor, scopes=frozenset({Scope.READ})))


def _refusal(status: int, message: str) -> HttpResponse:
    response = HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 429:
        response["Retry-After"] = "60"
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    # Stored by nobody in between, and asked for anew each time, which costs a 304.
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    # The address is a secret: a link in an entry must not tell it to another site.
    response["Referrer-Policy"] = "no-referrer"
    return response
