"""Middleware that answers the pages of the admin, and those of signing in, in the language of who reads them.

Everything else, such as the API and receivers, is answered in English.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

from crm.admin.language import language_of

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

PAGES = (f"/{settings.ADMIN_URL}", "/invitation")


def _is_page(request: HttpRequest) -> bool:
    return request.path_info.startswith(PAGES)


@sync_and_async_middleware
def language(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Activate the language of a page while it is made."""
    if iscoroutinefunction(get_response):
        call_async = cast(AsyncHandler, get_response)

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            if not _is_page(request):
                return await call_async(request)
            # The user of the session is read from the database.
            code = await sync_to_async(language_of)(request)
            with translation.override(code):
                return _told(await call_async(request), code)

        return handle_async

    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        if not _is_page(request):
            return call(request)
        code = language_of(request)
        with translation.override(code):
            return _told(call(request), code)

    return handle


def _told(response: HttpResponseBase, code: str) -> HttpResponseBase:
    response.headers.setdefault("Content-Language", code)
    patch_vary_headers(response, ("Accept-Language",))
    return response
