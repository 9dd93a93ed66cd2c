"""Statements made of pieces of SQL, and what may not be in one that is kept."""

import pytest
from django.utils import timezone

from crm.database.statements import NotCompilable, Parameter, Sql, Statement


def test_values_are_numbered_and_a_parameter_gets_one_number():
    statement = Statement.of(
        "SELECT ", Sql("%s, %s, %s, 5 %% 2", (Parameter("company"), 7, Parameter("company")))
    )

    assert statement.text == b"SELECT $1, $2, $1, 5 % 2"
    assert [getattr(value, "name", value) for value in statement.values] == ["company", 7]


def test_statement_with_the_time_of_its_first_use_is_not_kept():
    with pytest.raises(NotCompilable, match="moment"):
        Statement.of(Sql("%s", (timezone.now(),))).refuse_moments()


@pytest.mark.parametrize("compared", [1, "x", None])
def test_parameter_cannot_be_compared(compared):
    with pytest.raises(NotCompilable, match="value of company"):
        assert Parameter("company") == compared
