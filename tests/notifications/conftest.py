"""Notifications of a company, as ``manage.py work`` makes them."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import Notification, User
from crm.notifications.consuming import look_at, prepare, read_log
from crm.notifications.sources import timed_sources

#: Makes what is due, and returns what a member has, oldest first.
Told = Callable[[User], list[Notification]]


@pytest.fixture
def told(tenant: Any) -> Told:
    """Return a function that makes all notifications and returns those of a user, oldest first."""
    prepare()

    def of(user: User) -> list[Notification]:
        # Without the daily mails, which depend on the hour at which a test runs.
        read_log()
        for source in timed_sources():
            look_at(source)
        return list(Notification.objects.filter(user=user).order_by("pk"))

    return of
