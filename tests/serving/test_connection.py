"""The connections of ``nnlab serve``."""

import asyncio
import socket

import uvicorn
from uvicorn.server import ServerState

from nnlab.serving.connection import Connection


def test_answers_leave_at_once_on_a_listener_that_does_not_say_it_speaks_tcp():
    async def nodelay():
        config = uvicorn.Config(app=None, http=Connection, log_config=None)
        accepted = asyncio.get_running_loop().create_future()

        class Seen(Connection):
            def connection_made(self, transport):
                super().connection_made(transport)
                peer = transport.get_extra_info("socket")
                accepted.set_result(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        listener = socket.socket()  # as uvicorn binds it for several processes
        listener.bind(("127.0.0.1", 0))
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Seen(config=config, server_state=ServerState(), app_state={}), sock=listener
        )
        with socket.create_connection(listener.getsockname()):
            found = await accepted
        server.close()
        return found

    assert asyncio.run(nodelay())
