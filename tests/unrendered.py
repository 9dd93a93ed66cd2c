"""Pages that are not rendered, for tests of what stands in their status and ``context_data``.

Rendering takes most of the time of a page of the admin.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.template.response import TemplateResponse


@contextmanager
def unrendered_pages() -> Iterator[None]:
    """Have pages answer without rendering their templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TemplateResponse, "rendered_content", "")
        yield
