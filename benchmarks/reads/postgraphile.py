"""The same lists by PostGraphile 5 over the CRM's own tables: its documents, and its answers made comparable.

It takes part where ``npm install --no-package-lock`` was run in ``benchmarks/postgraphile``, in two ways.
``postgraphile`` shows what the CRM shows: each request is held to the company by row-level security
(``benchmarks.reads.tenancy``), though nobody looks up a token. ``postgraphile-open`` does less: the page is
narrowed to the company and to what is not deleted, but a relation follows its foreign key alone, whatever is
deleted or foreign there, and an owner is shown without a membership. Lists through a join table come as rows
of that table in their own order, custom fields as the column is; ``normalised`` does the rest, outside the
measured time.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parents[1] / "postgraphile"
#: It needs Node 22, so that is among its packages; the one of the machine may be older.
NODE = shutil.which("node", path=str(DIRECTORY / "node_modules" / ".bin"))
INSTALLED = NODE is not None and (DIRECTORY / "node_modules" / "postgraphile").is_dir()
#: It takes ``DATABASE_URL``, ``COMPANY`` and ``PORT`` from the environment, and some seconds to start.
COMMAND = (NODE or "node", str(DIRECTORY / "server.mjs"))

LEAD = """
id: rowId uuid title description
people: peoplePersonByCompanyIdAndPersonId { name email }
organization: peopleOrganizationByCompanyIdAndOrganizationId { name }
owner: crmUserByOwnerId { displayname }
status: leadsLeadstatusByCompanyIdAndStatusId { name }
source: leadsLeadsourceByCompanyIdAndSourceId { name }
pipeline: pipelinesPipelineByCompanyIdAndPipelineId { name }
stage: pipelinesStageByCompanyIdAndStageId { name }
tags: leadsLeadTagsByLeadIdList(orderBy: NATURAL) { joined: crmTagByTagId { name } }
custom_fields: customFields
created_at: createdAt
"""
PERSON = """
id: rowId uuid firstname lastname name email
contacts: peopleContactsByCompanyIdAndPersonIdList(orderBy: [WEIGHT_ASC, ROW_ID_ASC]) {
type: peopleContacttypeByTypeId { name } value
}
organizations: peoplePersonOrganizationsByPersonIdList(orderBy: NATURAL) {
joined: peopleOrganizationByOrganizationId { id: rowId name }
}
tags: peoplePersonTagsByPersonIdList(orderBy: NATURAL) { joined: crmTagByTagId { name } }
custom_fields: customFields
created_at: createdAt
"""


def _document(page: str, rows: int, row: str) -> str:
    # The server knows the company, as it does for the limit.
    return (
        "query ($company: BigInt!) {\n"
        f"{page}(first: {rows}, orderBy: [CREATED_AT_DESC, ROW_ID_ASC],"
        " condition: { companyId: $company, deletedAt: null }) {\n"
        f"data: nodes {{{row}}}\n"
        "paginatorInfo: pageInfo { hasMorePages: hasNextPage }\n"
        "}\n}\n"
    )


#: By the name of the workload.
DOCUMENTS = {
    "leads-20": _document("leads: allLeadsLeads", 20, LEAD),
    "leads-100": _document("leads: allLeadsLeads", 100, LEAD),
    "people-20": _document("peoples: allPeoplePeople", 20, PERSON),
    "people-100": _document("peoples: allPeoplePeople", 100, PERSON),
}


def normalised(answer: Any) -> Any:
    """Bring PostGraphile's answer into the CRM's shape, as far as both have it.

    An answer that has the CRM's shape loses ``currentPage``, which PostGraphile does not count, and stays as
    it is otherwise.
    """
    return {
        "data": {
            kind: {
                "data": [_row(row) for row in page["data"]],
                "paginatorInfo": {
                    name: value for name, value in page["paginatorInfo"].items() if name != "currentPage"
                },
            }
            for kind, page in answer["data"].items()
        }
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(row["custom_fields"], dict):
        return row
    return {name: CONVERSIONS[name](value) if name in CONVERSIONS else value for name, value in row.items()}


def _joined(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted((row["joined"] for row in rows), key=lambda found: (found["name"], int(found.get("id", 0))))


def _listed(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


CONVERSIONS = {
    "id": str,
    "organizations": _joined,
    "tags": _joined,
    "custom_fields": _listed,
    "created_at": _moment,
}
