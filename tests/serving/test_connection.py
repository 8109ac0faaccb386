"""The connections of ``nnlab serve``, in a loop of their own."""

import asyncio
import contextlib
import logging
import socket

import pytest
import uvicorn
from uvicorn.server import ServerState

from nnlab.serving.connection import Connection

SECONDS = 3  # that a client has


async def refuse(scope, receive, send):
    """Answer every request by 415 before its body has come."""
    await send(
        {"type": "http.response.start", "status": 415, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body"})


@contextlib.asynccontextmanager
async def listening(made):
    """Listen as uvicorn does for several processes; yield a client. made: connections, appended."""
    config = uvicorn.Config(
        refuse, http=Connection, timeout_keep_alive=SECONDS, log_config=None, ws="none"
    )

    def connection():
        made.append(Connection(config=config, server_state=ServerState(), app_state={}))
        return made[-1]

    listener = socket.socket()  # which does not say that it speaks TCP
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(connection, sock=listener)
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


def option_after_an_answer(name):
    """Return an option of the socket that a connection has answered on."""

    async def ask():
        made = []
        async with listening(made) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            peer = made[0].transport.get_extra_info("socket")
            return peer.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))

    return asyncio.run(ask())


def test_answers_leave_at_once_on_a_listener_that_does_not_say_it_speaks_tcp():
    assert option_after_an_answer("TCP_NODELAY")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has this")
def test_a_client_that_takes_nothing_of_its_answer_is_let_go():
    assert option_after_an_answer("TCP_USER_TIMEOUT") == 1000 * SECONDS


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["an offer to upgrade", "a broken body after the answer"],
)
def test_what_clients_may_send_fills_no_log(request_bytes, caplog):
    async def answer():
        async with listening([]) as (reader, writer):
            writer.write(request_bytes)
            status = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"ZZZ\r\n")
            await reader.read()
            return status

    with caplog.at_level(logging.WARNING):
        assert b" 415 " in asyncio.run(answer())
    said = [
        record for record in caplog.records if record.message != "Invalid HTTP request received."
    ]
    assert not said
