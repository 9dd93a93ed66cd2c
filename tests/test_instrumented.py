"""The test client learns the context of a page once, and not that of its parts."""

from typing import Any

from django.test import Client
from django.test.signals import template_rendered
from django.urls import reverse


def test_a_page_with_widgets_and_included_templates_is_signalled_once(db):
    signalled = []

    def listen(template, **_):
        signalled.append(template.name)

    template_rendered.connect(listen)
    try:
        page: Any = Client().get(reverse("admin:login"))
    finally:
        template_rendered.disconnect(listen)

    assert signalled == page.template_name
    assert 'name="username"' in page.text
    assert page.context["form"] is page.context_data["form"]
