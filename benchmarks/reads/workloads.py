"""What is asked: documents of the specification, and others that a list has to bear."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPECIFICATION = Path(__file__).parents[2] / "tests" / "specification"
LIGHT = {"leads": "{ currentPage hasMorePages }", "peoples": "{ hasMorePages }"}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A request, and what a statement needs to answer it.

    :param kind: ``leads`` or ``peoples``.
    :param rows: of a page.
    :param total: whether the document asks for the number of all rows.
    :param only: contenders that take part; all if empty.
    """

    name: str
    kind: str
    rows: int
    total: bool
    arguments: str = ""
    only: frozenset[str] = field(default_factory=frozenset)

    @property
    def document(self) -> str:
        """The document of the specification with this page and these arguments."""
        number = "06_list_leads" if self.kind == "leads" else "01_list_people"
        text = (SPECIFICATION / f"{number}.graphql").read_text()
        text = text.replace("first: 20,", f"first: {self.rows},{self.arguments}")
        before, info, after = text.partition("paginatorInfo ")
        if self.total:
            return text
        return f"{before}{info}{LIGHT[self.kind]}{after.partition('}')[2]}"

    @property
    def body(self) -> dict[str, Any]:
        """The body of the request."""
        return {"query": self.document}

    def write(self, path: Path) -> None:
        """Write the body into a file, for the load generator."""
        path.write_text(json.dumps(self.body))


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
]
