"""Charsets by the names that senders declare."""

import codecs

#: Codecs of Python that decode no charset: they read escapes, host names, or eat the "+" of a form.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})


def codec_of(charset: str) -> codecs.CodecInfo:
    """Return the codec of a charset.

    :raises LookupError: if there is none.
    """
    try:
        known = codecs.lookup(charset.strip())
    except (LookupError, ValueError) as unknown:
        raise LookupError(charset) from unknown
    # Codecs such as zip turn bytes into bytes.
    if not getattr(known, "_is_text_encoding", True) or known.name.replace("_", "-") in _NO_CHARSETS:
        raise LookupError(charset)
    return known


def contains_ascii(codec: codecs.CodecInfo) -> bool:
    """Return whether a charset spells ASCII as ASCII does, as forms need it."""
    separators = "&=%+;_azAZ09"
    return codec.encode(separators)[0] == separators.encode()
