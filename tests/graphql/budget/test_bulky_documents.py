"""Documents drawn from the schema, with real ids, on records that hold as much as they may."""

import json
import resource
import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import override_settings
from graphql import get_named_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.clients import ask
from tests.examples import examples
from tests.graphql.budget.bulky import Bulky, make_bulky
from tests.graphql.compiler.documents import QUERY, Drawn

pytestmark = pytest.mark.postgres
EXAMPLES = examples(60)
#: Processor time of one answer, which a busy machine does not change.
MOST_SECONDS = 2
MOST_GROWTH = 200 * 2**20


@dataclass
class DeepDrawn(Drawn):
    """Draws deep selections below single records and lists, with every kind of field."""

    def _may_draw(self, _type: Any, _name: str, each: Any) -> bool:
        return not each.args.keys() - {"first"}

    def single(self, name: str, key: int) -> str:
        row: Any = get_named_type(QUERY.fields[name].type)
        return f"s{self._next()}: {name}(id: {key}) {self.selection(row, self.draw(st.integers(2, 8)))}"


@st.composite
def deep_documents(draw: DrawFn, keys: dict[str, int]) -> tuple[str, dict[str, Any]]:
    drawn = DeepDrawn(draw)
    roots = [
        drawn.single(*draw(st.sampled_from(sorted(keys.items())))) if draw(st.booleans()) else drawn.listing()
        for _ in range(draw(st.integers(1, 3)))
    ]
    declared = f"({', '.join(drawn.declarations)})" if drawn.declarations else ""
    return f"query{declared} {{ {' '.join(roots)} }} {' '.join(drawn.fragments)}", drawn.variables


def test_drawn_documents_end_soon_with_data_or_a_code(tenant):
    bulky: Bulky = make_bulky(tenant)
    keys = {
        "lead": bulky.lead.pk,
        "people": bulky.person.pk,
        "pipeline": bulky.pipeline.pk,
        "organization": bulky.organization.pk,
    }
    answered = 0
    memory: list[int] = []

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(deep_documents(keys), st.sampled_from(["admin", "viewer"]), st.booleans())
    def check(drawn: tuple[str, dict[str, Any]], member: str, compiled: bool) -> None:
        nonlocal answered
        started = time.process_time()

        with override_settings(GRAPHQL_COMPILED_READS=compiled):
            answer = ask(drawn[0], variables=drawn[1], actor=getattr(tenant.actors, member))

        seconds = time.process_time() - started
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        assert seconds < MOST_SECONDS, f"{seconds:.1f} s"
        assert '"INTERNAL"' not in json.dumps(answer.get("errors", []))
        answered += "errors" not in answer

    check()
    # Otherwise the test would look at refusals only.
    assert answered > EXAMPLES / 5
    # The first documents fill caches.
    assert memory[-1] - memory[len(memory) // 4] < MOST_GROWTH
