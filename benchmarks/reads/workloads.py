"""Workloads of the benchmark: documents of the specification, and heavier lists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SPECIFICATION = Path(__file__).parents[2] / "tests" / "specification"
LIGHT = {"leads": "{ currentPage hasMorePages }", "peoples": "{ hasMorePages }"}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A request, and what a statement needs to answer it.

    :param kind: ``leads`` or ``peoples``.
    :param rows: of a page.
    :param total: whether the document asks for the number of all rows.
    :param only: contenders that take part; all if empty.
    :param after: the page behind whose last row to begin, found by the benchmark, which asks for its cursor.
    """

    name: str
    kind: str
    rows: int
    total: bool
    arguments: str = ""
    only: frozenset[str] = field(default_factory=frozenset)
    after: int = 0
    #: The document of a change, where it is one, and its variables.
    changes: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The document of the specification with this page and these arguments."""
        if self.changes:
            return self.changes
        number = "06_list_leads" if self.kind == "leads" else "01_list_people"
        text = (SPECIFICATION / f"{number}.graphql").read_text()
        text = text.replace("first: 20,", f"first: {self.rows},{self.arguments}")
        before, info, after = text.partition("paginatorInfo ")
        if self.total:
            return text
        return f"{before}{info}{LIGHT[self.kind]}{after.partition('}')[2]}"

    def cursor_document(self) -> str:
        """Return the document that selects the cursor at which this workload starts."""
        order = "orderBy: [{ column: CREATED_AT, order: DESC }]"
        page = f"first: {self.rows}, page: {self.after}, {order}"
        return f"{{ {self.kind}({page}) {{ paginatorInfo {{ endCursor }} }} }}"

    def write(self, path: Path, *, document: str | None = None, cursor: str | None = None) -> None:
        """Write the body of the request into a file, for the load generator.

        :param document: of a contender that answers to another one.
        """
        text = document or self.document
        if cursor is not None:
            text = text.replace(f"first: {self.rows},", f'first: {self.rows}, after: "{cursor}",')
        variables = {"variables": dict(self.variables)} if self.variables else {}
        path.write_text(json.dumps({"query": text, **variables}))


OURS = frozenset({"crm", "standard"})
WORKLOADS = [
    Workload(name="leads-20", kind="leads", rows=20, total=False),
    Workload(name="leads-100", kind="leads", rows=100, total=False),
    Workload(name="leads-20-total", kind="leads", rows=20, total=True),
    Workload(name="people-20", kind="peoples", rows=20, total=False),
    Workload(name="people-100", kind="peoples", rows=100, total=False),
    Workload(name="people-20-total", kind="peoples", rows=20, total=True),
    Workload(
        name="leads-20-filtered",
        kind="leads",
        rows=20,
        total=False,
        arguments=' where: { column: STATUS, operator: EQ, value: "Open" },',
        only=OURS,
    ),
    Workload(
        name="leads-20-searched", kind="leads", rows=20, total=False, arguments=' search: "1999",', only=OURS
    ),
    Workload(
        name="leads-20-page-500", kind="leads", rows=20, total=False, arguments=" page: 500,", only=OURS
    ),
    Workload(
        name="leads-20-cursor", kind="leads", rows=20, total=False, only=frozenset({"crm"}), after=5_000
    ),
]
#: Half of two million leads lies before the cursor.
LARGE = [
    Workload(name="leads-20", kind="leads", rows=20, total=False, only=frozenset({"crm"})),
    Workload(name="leads-20-total", kind="leads", rows=20, total=True, only=frozenset({"crm"})),
    Workload(
        name="leads-20-cursor", kind="leads", rows=20, total=False, only=frozenset({"crm"}), after=50_000
    ),
]

#: So many leads are moved in turn. The load generator puts a lead and a stage for the two words.
LEADS_CHANGED = 100_000
MOVE = (SPECIFICATION / "08_move_lead.graphql").read_text()
CHANGES = [
    Workload(
        name="create-lead",
        kind="leads",
        rows=1,
        total=False,
        changes=(SPECIFICATION / "07_create_lead.graphql").read_text(),
        only=frozenset({"crm", "limit"}),
    ),
    Workload(
        name="update-lead",
        kind="leads",
        rows=1,
        total=False,
        changes=MOVE.replace("id: 1,", "id: LEAD,").replace("stage_id: 3", "stage_id: STAGE"),
        only=frozenset({"crm", "limit"}),
    ),
    # The same with variables, by which its document is known from one time to the next.
    Workload(
        name="update-lead-again",
        kind="leads",
        rows=1,
        total=False,
        changes=MOVE.replace("mutation", "mutation ($id: ID!, $stage: ID!)", 1)
        .replace("id: 1,", "id: $id,")
        .replace("stage_id: 3", "stage_id: $stage"),
        variables={"id": "LEAD", "stage": "STAGE"},
        only=frozenset({"crm", "limit"}),
    ),
    Workload(
        name="create-people",
        kind="peoples",
        rows=1,
        total=False,
        changes=(SPECIFICATION / "02_create_people.graphql").read_text(),
        only=frozenset({"crm"}),
    ),
    # Of the person with the number of the lead; the number of the stage is another name each time.
    Workload(
        name="update-people",
        kind="peoples",
        rows=1,
        total=False,
        changes="mutation ($id: ID!, $name: String) {"
        " updatePeople(id: $id, input: { middlename: $name }) { id uuid name email } }",
        variables={"id": "LEAD", "name": "STAGE"},
        only=frozenset({"crm"}),
    ),
]
