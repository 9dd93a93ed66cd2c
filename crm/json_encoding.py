"""JSON as it is sent to clients and receivers."""

import json

import orjson


def encode_json(value: object) -> bytes:
    """Return a value as JSON; raise ``TypeError`` if it is not of JSON types."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # orjson writes neither integers over 64 bits nor deep nesting; the standard library does.
        return json.dumps(value, allow_nan=False).encode()
