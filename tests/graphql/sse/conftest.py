"""The fixtures of sockets serve event streams too."""

from tests.graphql.websocket.conftest import _stream, agent, gate, limit, make_member

__all__ = ["_stream", "agent", "gate", "limit", "make_member"]
