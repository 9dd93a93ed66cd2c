import json
import logging
import sys

from config.logs import (
    MOST_REFUSALS,
    JsonFormatter,
    RefusalFilter,
    RequestIdFilter,
    logging_config,
    request_id,
)


def record_of(error: Exception | None = None) -> logging.LogRecord:
    exc_info = None
    if error is not None:
        try:
            raise error
        except type(error):
            exc_info = sys.exc_info()
    return logging.LogRecord("crm", logging.ERROR, __file__, 1, "failed\nfor %s", ("you",), exc_info)


def test_record_is_one_line_of_json():
    line = JsonFormatter().format(record_of())

    assert "\n" not in line
    written = json.loads(line)
    assert written.pop("time").endswith("+00:00")
    assert written == {"level": "ERROR", "logger": "crm", "message": "failed\nfor you", "request_id": "-"}


def test_exception_is_logged_without_its_text():
    error = ValueError("anna@example.com is taken")
    error.__cause__ = KeyError("+49 30 1234567")

    line = JsonFormatter().format(record_of(error))

    chain = json.loads(line)["exception"]
    assert [link["type"] for link in chain] == ["ValueError", "KeyError"]
    assert chain[0]["at"][-1].endswith("record_of")
    assert "anna" not in line
    assert "1234567" not in line


def test_the_request_id_is_in_every_record():
    record = record_of()
    token = request_id.set("abc")

    assert RequestIdFilter().filter(record) is True

    request_id.reset(token)
    assert json.loads(JsonFormatter().format(record))["request_id"] == "abc"


def test_format_is_json_in_production_and_text_in_debug():
    assert logging_config(debug=False)["handlers"]["stderr"]["formatter"] == "json"
    assert logging_config(debug=True)["handlers"]["stderr"]["formatter"] == "text"


def test_debug_lines_of_single_loggers_can_be_switched_on():
    loggers = logging_config(debug=False, debug_loggers=["crm.events.delivery"])["loggers"]

    assert loggers["crm.events.delivery"] == {"level": "DEBUG"}
    assert loggers["django"]["level"] == "INFO"


def test_refused_requests_are_one_warning_each_kind_without_a_traceback():
    def record(name: str, message: str, **attributes: int) -> logging.LogRecord:
        made = logging.LogRecord(
            name, logging.ERROR, __file__, 1, message, (), (ValueError, ValueError(), None)
        )
        made.__dict__ |= attributes
        return made

    only = RefusalFilter()
    hosts = [record("django.security.DisallowedHost", f"Invalid host {number}") for number in (1, 1, 2)]
    many = [record("django.security.DisallowedHost", f"Other host {number}") for number in range(200)]
    others = [
        record("django.request", "Bad Request", status_code=400),
        record("django.request", "Internal Server Error", status_code=500),
        record("crm", "failed"),
    ]

    assert [only.filter(each) for each in hosts] == [True, False, True]
    assert [(each.levelname, each.exc_info) for each in hosts[::2]] == [("WARNING", None)] * 2
    assert [only.filter(each) for each in others] == [False, True, True]
    assert others[1].exc_info is not None
    assert sum(only.filter(each) for each in many) == MOST_REFUSALS - 2
