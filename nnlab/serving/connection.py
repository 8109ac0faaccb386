"""A connection whose answers leave at once."""

import socket

from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """uvicorn's connection, without the 40 ms that an answer waits where several processes listen.

    Head and body of an answer are two packets. asyncio lets the second go before the first is
    acknowledged only on sockets that say they speak TCP, which those of uvicorn's processes do not:
    https://github.com/Kludex/uvicorn/issues/3149 (uvicorn 0.54, Linux).
    """

    def connection_made(self, transport):
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
