"""The WebSocket frames that a minimal client of this server needs."""

import struct
from collections.abc import Iterator

UPGRADE = (
    "GET /graphql HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
TEXT, CLOSE = 0x1, 0x8
FINAL, MASKED = 0x80, 0x80
LENGTH_FOLLOWS, LONG_LENGTH_FOLLOWS = 126, 127


def text_frame(text: bytes) -> bytes:
    """Return the frame of a client's text."""
    # Clients have to mask; a mask of zeros leaves the text as it is.
    if len(text) < LENGTH_FOLLOWS:
        head = struct.pack("!BB", FINAL | TEXT, MASKED | len(text))
    else:
        head = struct.pack("!BBH", FINAL | TEXT, MASKED | LENGTH_FOLLOWS, len(text))
    return head + bytes(4) + text


def pop_frames(received: bytearray) -> Iterator[tuple[int, bytes]]:
    """Remove the complete frames from the received bytes, and yield opcode and content of each.

    :raises ValueError: if a message is fragmented, which this server does not do.
    """
    while len(received) >= 2:
        begin, length = 2, received[1]
        if length == LENGTH_FOLLOWS:
            begin, length = 4, int.from_bytes(received[2:4])
        elif length == LONG_LENGTH_FOLLOWS:
            begin, length = 10, int.from_bytes(received[2:10])
        if len(received) < begin + length:
            return
        opcode = received[0]
        if not opcode & FINAL:
            raise ValueError("A message is fragmented.")
        content = bytes(received[begin : begin + length])
        del received[: begin + length]
        yield opcode & 0xF, content
