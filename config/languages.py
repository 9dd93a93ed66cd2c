"""Middleware that answers the pages of the admin, and those of signing in, in the language of who reads them.

Everything else, such as the API and receivers, is answered in English.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

from config.failures import failure_page
from crm.admin.language import language_of, language_of_browser
from crm.database.failures import log_failure

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

PAGES = (f"/{settings.ADMIN_URL}", "/invitation")


@sync_and_async_middleware
def language(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Activate the language of a page while it is made."""
    if iscoroutinefunction(get_response):
        call_async = cast(AsyncHandler, get_response)

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            if not _is_page(request):
                return await call_async(request)
            # The user of the session is read from the database.
            code = await sync_to_async(_language_or_failure)(request)
            if isinstance(code, HttpResponse):
                return code
            with translation.override(code):
                return _told(await call_async(request), code)

        return handle_async

    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        if not _is_page(request):
            return call(request)
        code = _language_or_failure(request)
        if isinstance(code, HttpResponse):
            return code
        with translation.override(code):
            return _told(call(request), code)

    return handle


def _is_page(request: HttpRequest) -> bool:
    return request.path_info.startswith(PAGES)


def _language_or_failure(request: HttpRequest) -> str | HttpResponse:
    try:
        return language_of(request)
    except Exception as error:
        # No view was called yet, whose failure another middleware would answer.
        with translation.override(language_of_browser(request)):
            page = failure_page(request, error)
        if page is None:
            raise
        log_failure(error, place="the language of a page")
        return page


def _told(response: HttpResponseBase, code: str) -> HttpResponseBase:
    response.headers.setdefault("Content-Language", code)
    patch_vary_headers(response, ("Accept-Language",))
    return response
