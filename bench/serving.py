"""A network behind HTTP: ``nnlab serve`` beside Keras in FastAPI (keras_server.py).

Both serve notebook 02's network by one process for each core, and answer test digits as PNG files.
A client sends its next digit when the last one is answered, over a connection that stays open. The
clients run on the same machine, in one process: they take their share of its cores.
"""

import asyncio
import contextlib
import io
import os
import re
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from measure import Trial, compare
from PIL import Image

HERE = Path(__file__).parent
PROCESSES = str(os.cpu_count())
SERVERS = {
    "nnlab serve": [
        *("-c", "from nnlab.cli import app; app()", "serve", "mnist_cnn"),
        *("--processes", PROCESSES),
    ],
    "Keras in FastAPI": [
        *("-m", "uvicorn", "keras_server:app", "--app-dir", str(HERE)),
        *("--workers", PROCESSES, "--no-access-log", "--log-level", "warning"),
    ],
}


@contextlib.contextmanager
def serving(name):
    """Run a server until the block ends; yield its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *SERVERS[name], "--port", str(port)]
    with subprocess.Popen(command, stdout=2) as server:
        try:
            asyncio.run(until_it_answers(port, server))
            yield port, psutil.Process(server.pid)
        finally:
            server.terminate()


async def until_it_answers(port, server):
    """Wait for a server's first right answer; raise where it ends before."""
    digits = requests(1)
    while server.poll() is None:
        with contextlib.suppress(OSError, EOFError):
            await client(port, digits, until=0, times=[])
            return
        await asyncio.sleep(0.2)
    raise SystemExit(f"the server ended with status {server.returncode}")


def requests(count):
    """Return so many requests, as bytes: test digits as PNG files."""
    from nnlab.datasets import load_images

    digits = load_images("mnist").x_test[:count]
    found = []
    for pixels in np.round(255 * digits[..., 0]).astype(np.uint8):
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "PNG")
        body = content.getvalue()
        head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
        found.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return found


async def client(port, requests, *, until, times):
    """Send requests one after another until that time; append the seconds that each took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    try:
        while not number or time.perf_counter() < until:
            start = time.perf_counter()
            writer.write(requests[number % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
            if not head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"no answer, but {head.decode()}")
            times.append(time.perf_counter() - start)
            number += 1
    finally:
        writer.close()


async def clients(port, count, seconds):
    """Let so many clients ask for some seconds; return the seconds that each answer took."""
    digits = requests(1_000)
    times = []
    until = time.perf_counter() + seconds
    tasks = []
    for number in range(count):
        shifted = digits[number:] + digits[:number]
        tasks.append(client(port, shifted, until=until, times=times))
    await asyncio.gather(*tasks)
    return times


def memory_mb(process):
    """Return the memory of a server and its processes, in MB; shared pages count each time."""
    family = [process, *process.children(recursive=True)]
    return round(sum(one.memory_info().rss for one in family) / 2**20)


def load(name, count, quick):
    """Measure answers a second and the time that one takes."""
    with serving(name) as (port, process):
        asyncio.run(clients(port, count, 0.5 if quick else 3))  # all processes are warm
        trial = Trial(examples=0)
        times = asyncio.run(clients(port, count, 1 if quick else 10))
        trial.round_ends()
        trial.examples = len(times)
        milliseconds = 1_000 * np.quantile(times, [0.5, 0.95, 0.99])
        trial.facts = dict(zip(("p50", "p95", "p99"), milliseconds.round(2).tolist(), strict=True))
        trial.facts["memory_mb"] = memory_mb(process)
    return trial


def memory(name, quick):
    """Measure the server's memory each ten seconds, ten minutes long, while eight clients ask."""

    async def watch(port, process):
        found = []
        asking = asyncio.create_task(clients(port, 8, 2 if quick else 600))
        while not asking.done():
            await asyncio.wait([asking], timeout=1 if quick else 10)
            found.append(memory_mb(process))
        return found, len(await asking)

    with serving(name) as (port, process):
        trial = Trial(examples=0)
        found, trial.examples = asyncio.run(watch(port, process))
        trial.round_ends()
        trial.facts = {"memory_mb": found}
    return trial


LOADS = {}
for count, clients_in_words in ((1, "1 client"), (8, "8 clients"), (64, "64 clients")):
    for server in SERVERS:
        LOADS[f"{server}, {clients_in_words}"] = partial(load, server, count)
CONTESTS = {"load": LOADS, "memory": {"nnlab serve": partial(memory, "nnlab serve")}}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
