"""The table of limits in the API guide is that of the code."""

import dataclasses

import pytest

from config import limits_table
from crm.graphql.limits import Limits
from crm.graphql.websocket.bounds import SocketLimits


def test_guide_has_the_table_of_the_code():
    page = limits_table.PAGE.read_text()

    assert page == limits_table.with_table(page), "run: make limits-write"
    for line in ("| `depth` | 12 levels |", "| `body` | 256 KB |", "| `API_RATE_LIMIT` | 600 points |"):
        assert line in page


@pytest.mark.parametrize(
    ("bounds", "told"), [(Limits(), limits_table.DOCUMENT), (SocketLimits(), limits_table.SOCKET)]
)
def test_every_limit_is_told(bounds, told):
    names = {field.name for field in dataclasses.fields(bounds)}

    assert set(told) <= names
    assert names - set(told) <= limits_table.UNTOLD
    with pytest.raises(KeyError, match=r"depth|init_seconds"):
        limits_table.told_fields(bounds, {})
