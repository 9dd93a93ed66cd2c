"""The form of a pipeline's stages, as a browser would post it."""

from typing import Any

from django.test import Client

from tests.admin.conftest import values_of
from tests.unrendered import unrendered_pages


def rows_of_stages(client: Client, address: str) -> dict[str, Any]:
    """Return what a browser would post from the page of the stages of a pipeline."""
    with unrendered_pages():
        page: Any = client.get(address)
    rows = page.context_data["rows"]
    data = values_of(rows.management_form)
    for form in rows.forms:
        data |= values_of(form)
    return {**data, "order": [str(form.instance.pk) for form in rows.initial_forms]}
