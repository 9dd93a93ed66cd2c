"""The limit: one statement writes the whole answer, and a bare ASGI application sends its text unread.

It filters by company and deletion at every level, as the CRM does. Each workload has an address of its own,
so that not even the request is read. ``COMPANY`` is the company that is asked for.
"""

import os
from itertools import count
from typing import Any

import asyncpg

from benchmarks.reads import changes
from benchmarks.reads.workloads import WORKLOADS, Workload
from config.environment import PLANNER

MOMENT = "replace(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || '+00:00'"
CUSTOM = """(SELECT coalesce(json_agg(json_build_object('name', e.key, 'value', e.value)
    ORDER BY e.key COLLATE "C"), '[]') FROM jsonb_each(r.custom_fields) e)"""
TAGS = """(SELECT coalesce(json_agg(json_build_object('name', t.name) ORDER BY t.name, t.id), '[]')
    FROM crm_tag t JOIN {0}_tags tie ON tie.tag_id = t.id WHERE tie.{1}_id = r.id AND t.company_id = $1)"""
LEADS = f"""json_build_object('id', r.id::text, 'uuid', r.uuid, 'title', r.title,
    'description', r.description,
    'people', (SELECT json_build_object('name', o.name, 'email', o.email) FROM people_person o
        WHERE o.id = r.person_id AND o.company_id = $1 AND o.deleted_at IS NULL),
    'organization', (SELECT json_build_object('name', o.name) FROM people_organization o
        WHERE o.id = r.organization_id AND o.company_id = $1 AND o.deleted_at IS NULL),
    'owner', CASE WHEN owner.id IS NOT NULL THEN json_build_object('displayname', owner.displayname) END,
    'status', CASE WHEN status.id IS NOT NULL THEN json_build_object('name', status.name) END,
    'source', CASE WHEN source.id IS NOT NULL THEN json_build_object('name', source.name) END,
    'pipeline', CASE WHEN pipeline.id IS NOT NULL THEN json_build_object('name', pipeline.name) END,
    'stage', CASE WHEN stage.id IS NOT NULL THEN json_build_object('name', stage.name) END,
    'tags', {TAGS.format("leads_lead", "lead")}, 'custom_fields', {CUSTOM},
    'created_at', {MOMENT.format("r.created_at")})"""
LEAD_JOINS = """
    LEFT JOIN (SELECT u.* FROM crm_user u JOIN crm_membership m ON m.user_id = u.id AND m.company_id = $1)
        owner ON owner.id = r.owner_id
    LEFT JOIN leads_leadstatus status ON status.id = r.status_id AND status.company_id = $1
    LEFT JOIN leads_leadsource source ON source.id = r.source_id AND source.company_id = $1
    LEFT JOIN pipelines_pipeline pipeline ON pipeline.id = r.pipeline_id AND pipeline.company_id = $1
        AND pipeline.deleted_at IS NULL
    LEFT JOIN pipelines_stage stage ON stage.id = r.stage_id AND stage.company_id = $1
        AND stage.deleted_at IS NULL"""
PEOPLE = f"""json_build_object('id', r.id::text, 'uuid', r.uuid, 'firstname', r.firstname,
    'lastname', r.lastname, 'name', r.name, 'email', r.email,
    'contacts', (SELECT coalesce(json_agg(json_build_object(
            'type', (SELECT json_build_object('name', k.name) FROM people_contacttype k
                WHERE k.id = c.type_id AND (k.company_id IS NULL OR k.company_id = $1)),
            'value', c.value) ORDER BY c.weight, c.id), '[]')
        FROM people_contact c WHERE c.person_id = r.id AND c.company_id = $1),
    'organizations', (SELECT coalesce(json_agg(json_build_object('id', o.id::text, 'name', o.name)
            ORDER BY o.name, o.id), '[]')
        FROM people_organization o JOIN people_person_organizations tie ON tie.organization_id = o.id
        WHERE tie.person_id = r.id AND o.company_id = $1 AND o.deleted_at IS NULL),
    'tags', {TAGS.format("people_person", "person")}, 'custom_fields', {CUSTOM},
    'created_at', {MOMENT.format("r.created_at")})"""


def statement(workload: Workload) -> str:
    """Return the statement that writes the answer; it reads one extra row to see whether a page follows."""
    leads = workload.kind == "leads"
    table, row, joins = ("leads_lead", LEADS, LEAD_JOINS) if leads else ("people_person", PEOPLE, "")
    where = "company_id = $1 AND deleted_at IS NULL"
    page = f"SELECT * FROM {table} WHERE {where} ORDER BY created_at DESC, id LIMIT {workload.rows + 1}"
    # Counted once, however often it is named.
    counting = f"WITH counted AS (SELECT count(*) AS n FROM {table} WHERE {where}) " if workload.total else ""
    counted = "(SELECT n FROM counted)"
    more = f"count(*) > {workload.rows}"
    if workload.total and leads:
        last = f"ceil({counted}::numeric / {workload.rows})"
        info = f"json_build_object('total', {counted}, 'currentPage', 1, 'lastPage', {last})"
    elif workload.total:
        info = f"json_build_object('total', {counted}, 'hasMorePages', {more})"
    elif leads:
        info = f"json_build_object('currentPage', 1, 'hasMorePages', {more})"
    else:
        info = f"json_build_object('hasMorePages', {more})"
    return (
        f"{counting}SELECT json_build_object('data', json_build_object('{workload.kind}', json_build_object("
        "'data', coalesce(json_agg(found.row ORDER BY found.place)"
        f" FILTER (WHERE found.place <= {workload.rows}), '[]'), 'paginatorInfo', {info})))::text"
        f" FROM (SELECT r.place, {row} AS row"
        " FROM (SELECT *, row_number() OVER (ORDER BY created_at DESC, id) AS place"
        f" FROM ({page}) first) r {joins}) found"
    )


STATEMENTS = {f"/{workload.name}": statement(workload) for workload in WORKLOADS if not workload.only} | {
    "/create-lead": changes.CREATE,
    "/update-lead": changes.MOVE,
    "/update-lead-again": changes.MOVE,
}
COMPANY = int(os.environ.get("COMPANY", "1"))
HEADERS = [(b"content-type", b"application/json")]
_pool: Any = None
_moves = count()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request by the statement of its address."""
    global _pool
    if scope["type"] != "http":
        return
    await receive()
    if scope["path"] not in STATEMENTS:
        await send({"type": "http.response.start", "status": 404, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"{}"})
        return
    if _pool is None:
        # Its joins in the order in which they are written: the best that was found for these statements.
        _pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"],
            min_size=8,
            max_size=8,
            server_settings=PLANNER | {"join_collapse_limit": "1"},
        )
    further = changes.moved(next(_moves)) if scope["path"].startswith("/update-lead") else ()
    text = await _pool.fetchval(STATEMENTS[scope["path"]], COMPANY, *further)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": text.encode()})
