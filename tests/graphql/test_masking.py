"""Errors of resolvers: domain errors reach the client, all others become a reference to the log."""

import logging
import sqlite3

import psycopg
import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation, ValidationError
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from django.db.utils import NotSupportedError
from graphql import GraphQLError
from psycopg import errors as postgres

from crm.actors import Actor, Door, Role
from crm.database.deadlines import RequestEnded
from crm.errors import BadUserInput, Conflict, ConflictReason, CrmError, Forbidden, NotFound, Unauthenticated
from crm.graphql.execution import Operation, execute
from tests.graphql.small_schema import FAULTS, schema

AGENT = Actor(user_id=7, company_id=1, role=Role.AGENT, door=Door.GRAPHQL)
SECRET = "jane@example.com"


def wrapped(error, cause):
    error.__cause__ = cause
    return error


def boom(fault, *, document='{ ping boom(kind: "this") }'):
    FAULTS["this"] = fault
    return execute(schema, Operation(query=document), actor=AGENT)


INTERNAL = [
    ValueError(SECRET),
    KeyError(SECRET),
    TypeError(SECRET),
    AttributeError(SECRET),
    IndexError(SECRET),
    AssertionError(SECRET),
    RuntimeError(SECRET),
    ZeroDivisionError(SECRET),
    RecursionError(SECRET),
    MemoryError(SECRET),
    NotImplementedError(SECRET),
    TimeoutError(SECRET),
    OSError(SECRET),
    UnicodeDecodeError("utf-8", b"x", 0, 1, SECRET),
    ObjectDoesNotExist(SECRET),
    PermissionDenied(SECRET),
    SuspiciousOperation(SECRET),
    IntegrityError(f"UNIQUE constraint failed: {SECRET}"),
    DataError(SECRET),
    ProgrammingError(SECRET),
    NotSupportedError(SECRET),
    wrapped(OperationalError(SECRET), postgres.StatementTooComplex(SECRET)),
    CrmError(SECRET),
    GraphQLError(SECRET),
    GraphQLError(SECRET, extensions={"code": "SOMETHING_ELSE"}),
]


@pytest.mark.parametrize("fault", INTERNAL, ids=lambda fault: type(fault).__name__)
def test_fault_is_masked_and_logged(fault, caplog):
    with caplog.at_level(logging.ERROR, logger="crm.graphql"):
        status, body = boom(fault)

    [error] = body["errors"]
    reference = error["extensions"]["ref"]
    assert status == 200
    assert body["data"] == {"ping": "pong", "boom": None}
    assert error == {
        "message": "Internal server error.",
        "locations": [{"line": 1, "column": 8}],
        "path": ["boom"],
        "extensions": {"code": "INTERNAL", "ref": reference},
    }
    [record] = caplog.records
    assert reference in record.getMessage()
    assert SECRET not in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[1] is fault


def test_each_fault_has_its_own_reference():
    references = {boom(ValueError())[1]["errors"][0]["extensions"]["ref"] for _ in range(5)}

    assert len(references) == 5


def test_result_of_the_wrong_type_is_an_internal_error():
    _, body = execute(schema, Operation(query="{ bad_number }"), actor=AGENT)

    [error] = body["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret text" not in str(body)


def test_null_for_a_required_field_is_an_internal_error():
    status, body = execute(schema, Operation(query="{ required_boom }"), actor=AGENT)

    assert status == 200
    assert body["data"] is None
    assert [error["extensions"]["code"] for error in body["errors"]] == ["INTERNAL"]


@pytest.mark.parametrize(
    ("fault", "message", "extensions"),
    [
        (Unauthenticated(), "Unauthenticated.", {"code": "UNAUTHENTICATED"}),
        (Forbidden(), "This action is unauthorized.", {"code": "FORBIDDEN"}),
        (NotFound("input.people_id"), "Not found.", {"code": "NOT_FOUND", "argument": "input.people_id"}),
        (
            Conflict(ConflictReason.VERSION, current_version=3, ids=["1"]),
            "The change conflicts with the present state.",
            {"code": "CONFLICT", "reason": "VERSION", "current_version": 3, "ids": ["1"]},
        ),
        (BadUserInput("No.", reason="cursor"), "No.", {"code": "BAD_USER_INPUT", "reason": "cursor"}),
        (GraphQLError("No.", extensions={"code": "FORBIDDEN"}), "No.", {"code": "FORBIDDEN"}),
        (
            ValidationError({"input.email": ["Bad.", "Worse."], "input.title": "Empty."}),
            "Validation failed for the field [boom].",
            {
                "code": "VALIDATION",
                "validation": {"input.email": ["Bad.", "Worse."], "input.title": ["Empty."]},
            },
        ),
        (
            ValidationError({"__all__": ["Both."]}),
            "Validation failed for the field [boom].",
            {"code": "VALIDATION", "validation": {"input": ["Both."]}},
        ),
        (
            ValidationError("At %(place)s.", params={"place": "the end"}),
            "Validation failed for the field [boom].",
            {"code": "VALIDATION", "validation": {"input": ["At the end."]}},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_domain_error_reaches_the_client(fault, message, extensions):
    status, body = boom(fault)

    assert status == 200
    assert body["errors"] == [
        {
            "message": message,
            "locations": [{"line": 1, "column": 8}],
            "path": ["boom"],
            "extensions": extensions,
        }
    ]


def test_validation_names_the_field_and_the_path_the_alias():
    _, body = boom(ValidationError("No."), document='{ mine: boom(kind: "this") }')

    [error] = body["errors"]
    assert error["message"] == "Validation failed for the field [boom]."
    assert error["path"] == ["mine"]


def test_argument_that_only_execution_finds_bad_is_bad_input():
    # GraphQL allows null for an argument with a default, so only the execution finds it.
    document = "query($n: Int = 3) { things(first: $n) { data { id } } }"

    status, body = execute(schema, Operation(query=document, variables={"n": None}), actor=AGENT)

    assert status == 200
    assert body["data"] == {"things": None}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]


AWAY = [
    OperationalError("connection failed"),
    InterfaceError("connection already closed"),
    wrapped(
        OperationalError("the connection is closed"), psycopg.OperationalError("the connection is closed")
    ),
    wrapped(OperationalError("shut down"), postgres.AdminShutdown("shut down")),
    wrapped(OperationalError("starting up"), postgres.CannotConnectNow("starting up")),
    wrapped(OperationalError("too many"), postgres.TooManyConnections("too many")),
    wrapped(OperationalError("lost"), postgres.ConnectionFailure("lost")),
]


CUT_OFF = [
    wrapped(OperationalError(SECRET), postgres.QueryCanceled(SECRET)),
    wrapped(OperationalError(SECRET), postgres.LockNotAvailable(SECRET)),
    wrapped(InternalError(SECRET), postgres.IdleInTransactionSessionTimeout(SECRET)),
    wrapped(OperationalError(SECRET), postgres.DeadlockDetected(SECRET)),
    wrapped(OperationalError(SECRET), postgres.SerializationFailure(SECRET)),
    RequestEnded(SECRET),
]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(fault, "UNAVAILABLE") for fault in AWAY] + [(fault, "TIMEOUT") for fault in CUT_OFF],
    ids=lambda value: type(getattr(value, "__cause__", None) or value).__name__,
)
def test_failure_of_the_database_has_a_code_and_one_line_of_log(fault, code, caplog):
    status, body = boom(fault, document='{ first: boom(kind: "this") second: boom(kind: "this") }')

    assert status == 503
    assert "data" not in body
    assert [error["extensions"] for error in body["errors"]] == [{"code": code}] * 2
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert SECRET not in record.getMessage() + str(body)


def test_data_read_before_the_database_failed_is_returned():
    status, body = boom(AWAY[0])

    assert status == 200
    assert body["data"]["ping"] == "pong"


def sqlite_fault(statement, *connections):
    try:
        for connection in connections:
            connection.execute(statement)
    except sqlite3.OperationalError as error:
        return wrapped(OperationalError(str(error)), error)
    raise AssertionError("The statement was expected to fail.")


def test_locked_sqlite_is_a_timeout_but_a_bad_statement_is_not(tmp_path):
    first, second = (sqlite3.connect(tmp_path / "db", timeout=0, isolation_level=None) for _ in range(2))

    locked = boom(sqlite_fault("BEGIN EXCLUSIVE", first, second), document='{ boom(kind: "this") }')
    wrong = boom(sqlite_fault("SELECT nothing", first), document='{ boom(kind: "this") }')
    first.close()
    second.close()

    codes = [answer[1]["errors"][0]["extensions"]["code"] for answer in (locked, wrong)]
    assert (locked[0], wrong[0], codes) == (503, 200, ["TIMEOUT", "INTERNAL"])
