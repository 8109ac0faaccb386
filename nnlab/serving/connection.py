"""A connection whose answers leave at once, and that waits for no client for ever."""

import socket

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """uvicorn's connection, without 40 ms of waiting, and with an end to waiting for a client.

    Head and body of an answer are two packets. asyncio lets the second go before the first is
    acknowledged only on sockets that say they speak TCP, which those of uvicorn's processes do not:
    https://github.com/Kludex/uvicorn/issues/3149 (uvicorn 0.54, Linux).

    Between two requests, uvicorn closes a connection after ``timeout_keep_alive`` seconds, unless a
    byte comes. Here it is closed unless the head of a request has come as a whole: neither half a
    head nor the rest of a body that was refused keeps a connection open. Linux closes one whose
    client takes nothing of an answer for as long. A client that is done with sending, and says so,
    gets its answer.
    """

    deadline = None  # the timer that closes the connection, while no request is answered

    def connection_made(self, transport):
        peer = transport.get_extra_info("socket")
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = 1000 * self.timeout_keep_alive
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        super().connection_made(transport)
        self.watch()

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self.deadline.cancel()

    def eof_received(self):
        return self.is_answering()  # False closes the connection

    def _should_upgrade(self):
        return False  # to WebSocket or HTTP/2, which clients may offer

    def send_400_response(self, msg):
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:  # the answer has begun: what is broken is the rest of a body
            self.transport.close()

    def handle_events(self):
        super().handle_events()
        if self.is_answering():
            self.deadline.cancel()

    def on_response_complete(self):
        super().on_response_complete()
        if not self.is_answering():
            self.watch()

    def is_answering(self):
        return self.cycle is not None and not self.cycle.response_complete

    def watch(self):
        """Start the timer."""
        if self.deadline is not None:
            self.deadline.cancel()
        self.deadline = self.loop.call_later(self.timeout_keep_alive, self.transport.close)
