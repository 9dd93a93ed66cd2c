"""Signed-in browsers of each member, and forms filled in as a browser would."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.factories.crm import Tenant
from tests.module_tenant import made_tenant, tenant
from tests.unrendered import unrendered_pages

__all__ = ["made_tenant", "tenant"]


@pytest.fixture
def signed_in(tenant: Tenant) -> Callable[[str], Client]:
    """Return a function that signs a staff member of the tenant in to a browser, by role."""

    def sign_in(member: str) -> Client:
        user = tenant.users[member]
        user.is_staff = True
        user.save(update_fields=["is_staff"])
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def form_of(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    """Return what a browser would post from the form at an address, without rendering the page."""
    with unrendered_pages():
        return posted(client.get(address), **changes)


def posted(response: Any, **changes: Any) -> dict[str, Any]:
    """Return what a browser would post from the form on a page, with its inlines and some changed fields."""
    data: dict[str, Any] = {}
    context = response.context_data
    for inline in context["inline_admin_formsets"]:
        data |= values_of(inline.formset.management_form)
        for form in inline.formset.forms:
            data |= values_of(form)
    data |= values_of(context["adminform"].form)
    return {**data, **changes}


def values_of(form: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if isinstance(value, list | tuple):
            values[bound.html_name] = [str(getattr(item, "pk", item)) for item in value]
        elif value is not None and value is not False:
            values[bound.html_name] = "on" if value is True else str(value)
    return values


def errors_of(response: Any) -> dict[str, list[str]]:
    """Return the errors of the form on a page, by field."""
    errors: dict[str, list[str]] = response.context_data["adminform"].form.errors
    return {name: list(messages) for name, messages in errors.items()}


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def sentences_of(response: Any) -> list[str]:
    """Return the texts of the messages without the forms that undo what they say."""
    forms = r"<span>(.*)</span> <form .*</form>"
    return [re.sub(forms, r"\1", text, flags=re.DOTALL) for text in messages_of(response)]
