"""Remove the values of credentials from bodies that cannot be decoded, and are kept as the bytes they are."""

import json
import re
from urllib.parse import unquote_to_bytes

from multipart import parse_options_header

from leads.routing.credentials import REMOVED, is_credential

GONE = REMOVED.encode()
_TEXT = rb'"(?:[^"\\]|\\.)*+"'
#: Each text of a JSON body, with its colon if it is a name.
_TEXTS = re.compile(_TEXT + rb"(\s*:\s*)?", re.DOTALL)
#: The value after a name; of a list or an object all that follows, since its end cannot be told for certain.
_VALUE = re.compile(_TEXT + rb"|[\[{].*|[^\s,}\]]*", re.DOTALL)
_URL_ENCODED = re.compile(rb"([^=&]*)=([^&]*)")
_PART_NAME = re.compile(rb'\bname="?([^"\r\n;]*)')


def without_credential_bytes(body: bytes, content_type: str) -> bytes:
    """Return a body in which the value of each key that is named like a credential is replaced."""
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data" and options.get("boundary"):
        return _of_multipart(body, b"--" + options["boundary"].encode())
    if kind == "application/x-www-form-urlencoded" and not body.lstrip().startswith(b"{"):
        return _URL_ENCODED.sub(_of_pair, body)
    return _of_json(body)


def _of_pair(pair: re.Match[bytes]) -> bytes:
    name = unquote_to_bytes(pair[1].replace(b"+", b" "))
    return pair[1] + b"=" + GONE if _is_named_so(name) else pair[0]


def _of_multipart(body: bytes, boundary: bytes) -> bytes:
    parts = body.split(boundary)
    for index, part in enumerate(parts):
        head, blank, _content = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if blank and name and _is_named_so(name[1]):
            parts[index] = head + blank + GONE + b"\r\n"
    return boundary.join(parts)


def _of_json(body: bytes) -> bytes:
    kept = []
    copied = 0
    for text in _TEXTS.finditer(body):
        # A name within a value that is removed is behind us already.
        if text.start() < copied or not text[1] or not _is_named_so(_unescaped(text[0])):
            continue
        value = _VALUE.match(body, text.end())
        kept += [body[copied : text.end()], GONE]
        copied = value.end() if value else text.end()
    return b"".join([*kept, body[copied:]])


def _unescaped(name: bytes) -> bytes:
    quoted = name[: name.rindex(b'"') + 1].decode("latin-1")
    try:
        return str(json.loads(quoted, strict=False)).encode("latin-1", "replace")
    except ValueError:
        return quoted.encode("latin-1")


def _is_named_so(name: bytes) -> bool:
    return is_credential(name.decode("latin-1"))
