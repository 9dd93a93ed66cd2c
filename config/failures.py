"""The page for a request that failed because of the database, which nothing in its code could prevent."""

import logging
import sys

from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import server_error as django_server_error

from crm.database.failures import RETRY_AFTER_SECONDS, log_failure, refusal_of
from crm.errors import TimedOut

PAGE = "503.html"
UNAVAILABLE = 503


class DatabaseFailures(MiddlewareMixin):
    """Answers 503 where a view failed because the database is away, or took too long."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if refusal_of(exception) is None:
            return None
        log_failure(exception, place=_place(request))
        return failure_page(request, exception)


class Sessions(SessionMiddleware):
    """Answers 503 where the session cannot be stored, which in debug would be a page with a traceback."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            stored: HttpResponse = super().process_response(request, response)
        except Exception as error:
            page = failure_page(request, error)
            if page is None:
                raise
            log_failure(error, place="the session")
            return page
        return stored


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer an error that no view raised: the same page, else Django's."""
    error = sys.exc_info()[1]
    page = None if error is None else failure_page(request, error)
    if error is not None and page is not None:
        log_failure(error, place="a middleware")
    return page or django_server_error(request)


def failure_page(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """Return the page for an error of the database, made without the database; None for another error."""
    refusal = refusal_of(error)
    if refusal is None:
        return None
    # Without the request: the context processors of a request ask for its user.
    page = render_to_string(
        PAGE, {"took_too_long": isinstance(refusal, TimedOut), "is_change": request.method == "POST"}
    )
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(page, status=UNAVAILABLE, headers=headers)


class OneLine(logging.Filter):
    """Keeps the log at one line for each such request: no traceback, and no second line for its status."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == UNAVAILABLE:
            return False
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and refusal_of(error) is not None:
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "The database failed: %s", (type(error.__cause__ or error).__name__,)
        return True


def _place(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.view_name or "a view") if match else "a view"
