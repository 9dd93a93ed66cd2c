"""Try many cases in one test, where preparing the database takes longer than a case.

    @each_case(("text", "number"), [("1", 1), ("2", 2)])
    def test_numbers(door, text, number): ...

The fixtures are set up once, and what a case wrote is undone before the next one. A failure names its case.
"""

import inspect
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any

from tests.stored import rolled_back

Test = Callable[..., None]


def each_case(names: str | Sequence[str], cases: Collection[Any]) -> Callable[[Test], Test]:
    """Call a test once for each case, as ``pytest.mark.parametrize`` would, but within one test.

    :param names: the arguments that a case gives, or the one argument that it is.
    """
    given = [names] if isinstance(names, str) else list(names)
    assert cases, "a test without cases tests nothing"

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)

        @wraps(test)
        def run(**fixtures: Any) -> None:
            for case in cases:
                values = [case] if isinstance(names, str) else case
                try:
                    with rolled_back():
                        test(**fixtures, **dict(zip(given, values, strict=True)))
                except BaseException as failure:
                    failure.add_note(f"The case is {case!r}.")
                    raise

        kept = [each for name, each in signature.parameters.items() if name not in given]
        run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # as pytest reads it
        return run

    return decorate
