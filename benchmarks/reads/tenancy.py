"""PostGraphile's own way to the CRM's visibility: row-level security, and a role that is held to it.

Each request tells PostgreSQL its company, as an authenticated request of PostGraphile does. The policies are
those that the CRM's reads filter by; owners of tables, and so the other contenders, are not held to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

ROLE = "crm_benchmark_reader"
COMPANY = "current_setting('crm.company')::bigint"
MINE = f"company_id = {COMPANY}"
#: What the reader sees of each table; of others, all.
POLICIES = {
    "leads_lead": f"{MINE} AND deleted_at IS NULL",
    "people_person": f"{MINE} AND deleted_at IS NULL",
    "people_organization": f"{MINE} AND deleted_at IS NULL",
    "pipelines_pipeline": f"{MINE} AND deleted_at IS NULL",
    "pipelines_stage": f"{MINE} AND deleted_at IS NULL",
    "leads_leadstatus": MINE,
    "leads_leadsource": MINE,
    "crm_tag": MINE,
    "crm_membership": MINE,
    "people_contact": MINE,
    "people_contacttype": f"company_id IS NULL OR {MINE}",
    "crm_user": "EXISTS (SELECT FROM crm_membership m WHERE m.user_id = crm_user.id)",
}


@contextmanager
def policies(address: str) -> Iterator[None]:
    """Have a database hold the reader to its policies; they and the role are removed at the end."""
    with psycopg.connect(address, autocommit=True) as server:
        _remove(server)
        for statement in (
            f"CREATE ROLE {ROLE}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE}",
            *(
                statement
                for table, seen in POLICIES.items()
                for statement in (
                    f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                    f"CREATE POLICY {ROLE} ON {table} FOR SELECT TO {ROLE} USING ({seen})",
                )
            ),
        ):
            server.execute(statement)  # type: ignore[arg-type]  # names of ours
        try:
            yield
        finally:
            _remove(server)


def _remove(server: psycopg.Connection) -> None:
    for table in POLICIES:
        server.execute(f"DROP POLICY IF EXISTS {ROLE} ON {table}")  # type: ignore[arg-type]
        server.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")  # type: ignore[arg-type]
    if server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
        server.execute(f"DROP OWNED BY {ROLE}")  # type: ignore[arg-type]
        server.execute(f"DROP ROLE {ROLE}")  # type: ignore[arg-type]
