"""The home page, which an app above fills: it knows what a member has to do."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Page = Callable[[HttpRequest], HttpResponse]

_pages: list[Page] = []


def register(page: Page) -> None:
    """Make a page the home of members."""
    _pages.append(page)


def page_of_members() -> Page | None:
    return _pages[-1] if _pages else None
