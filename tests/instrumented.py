"""The signal by which Django's test client learns the context of a page, for ``response.context``.

Django sends it for each widget and each included template too, some hundred times a page, and the client
copies the context each time. Here it is sent once, for the page.
"""

from collections.abc import Iterator

import pytest
from django.template import Context, RequestContext, Template
from django.test.signals import template_rendered


def render(template: Template, context: Context) -> str:
    """Render a template; send the signal if it is that of a page."""
    if context.template is template and isinstance(context, RequestContext):
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


@pytest.fixture(autouse=True, scope="session")
def _pages_alone_are_signalled(django_test_environment: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", render)
        yield
