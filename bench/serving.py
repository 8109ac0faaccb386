"""A network behind HTTP: ``nnlab serve`` beside Keras in FastAPI (keras_server.py).

Both serve notebook 02's network as their documents start them: ``nnlab serve`` by one process for
each core, the peer by one in all. They answer test digits as PNG files. A client sends its next
digit when the last one is answered, over a connection that stays open. The clients run on the same
machine, in one process: they take their share of its cores.
"""

import asyncio
import contextlib
import http.client
import io
import json
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
SERVERS = {
    "nnlab serve": ["-c", "from nnlab.cli import app; app()", "serve", "mnist_cnn"],
    "Keras in FastAPI": [
        *("-m", "uvicorn", "keras_server:app", "--app-dir", str(HERE)),
        *("--no-access-log", "--log-level", "warning"),
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
            check_answers(port)
            yield port, psutil.Process(server.pid)
        finally:
            server.terminate()


async def until_it_answers(port, server):
    """Wait for a server's first answer; raise where it ends before."""
    digits = requests(1)
    while server.poll() is None:
        with contextlib.suppress(OSError, EOFError):
            await client(port, digits, until=0, times=[])
            return
        await asyncio.sleep(0.2)
    raise SystemExit(f"the server ended with status {server.returncode}")


def check_answers(port, count=20):
    """Raise where a server misreads more than one of the first test digits."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    misread = []
    for body, label in test_digits(count):
        connection.request("POST", "/predict", body, {"Content-Type": "image/png"})
        [prediction] = json.load(connection.getresponse())["predictions"]
        if prediction["class"] != str(label):
            misread.append(f"{label} as {prediction['class']}")
    connection.close()
    if len(misread) > 1:
        raise SystemExit(f"of {count} digits the server reads {', '.join(misread)}")


def test_digits(count):
    """Return so many test digits: PNG files, as bytes, and their labels."""
    from nnlab.datasets import load_images

    data = load_images("mnist")
    files = [png(Image.fromarray(pixels)) for pixels in data.x_test[:count, ..., 0]]
    return list(zip(files, data.y_test, strict=False))


def requests(count):
    """Return so many requests, as bytes: test digits as PNG files."""
    return [head(len(body)) + body for body, _ in test_digits(count)]


def png(picture):
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def head(length):
    lines = ["POST /predict HTTP/1.1", "Host: localhost", "Content-Type: image/png"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


async def client(port, requests, *, until, times):
    """Send requests one after another until that time; append the seconds that each took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    try:
        while not number or time.perf_counter() < until:
            start = time.perf_counter()
            writer.write(requests[number % len(requests)])
            status = await read_answer(reader)
            if status != 200:
                raise SystemExit(f"status {status}")
            times.append(time.perf_counter() - start)
            number += 1
    finally:
        writer.close()


async def read_answer(reader):
    """Return the status of an answer that has been read to its end."""
    lines = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", lines)[1]))
    return int(lines.split()[1])


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


async def send_half(port, until):
    """Send half a request, and wait; return the status of the answer, None where there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(100) + bytes(50))
    try:
        async with asyncio.timeout(until - time.perf_counter()):
            return await read_answer(reader)
    except TimeoutError:
        return None
    finally:
        writer.close()


async def send_slowly(port, until):
    """Send a byte of a request each tenth of a second; return the status as `send_half` does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(10_000))
    answer = asyncio.create_task(read_answer(reader))
    try:
        while time.perf_counter() < until and not answer.done():
            writer.write(b"x")
            await asyncio.sleep(0.1)
        return answer.result() if answer.done() else None
    finally:
        answer.cancel()
        writer.close()


async def send_much(port, until):
    """Send 100 MB; return the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(read_answer(reader))
    try:
        writer.write(head(100_000_000))
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                if answer.done() or time.perf_counter() > until:
                    break
                writer.write(bytes(1_000_000))
                await writer.drain()
        return await answer
    finally:
        writer.close()


def send(body):
    """Return a client that sends a body once, and returns the status of the answer."""

    async def client(port, until):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head(len(body)) + body)
            return await read_answer(reader)
        finally:
            writer.close()

    return client


async def again(client, port, until, statuses):
    """Let a client come again and again until that time; append the status of each answer."""
    while time.perf_counter() < until:
        statuses.append(await client(port, until))


async def beside(port, seconds, count, faulty):
    """Let one client ask beside so many faulty ones; return its seconds, and their statuses."""
    statuses = []
    until = time.perf_counter() + seconds
    tasks = [again(faulty, port, until, statuses) for _ in range(count)]
    times, *_ = await asyncio.gather(clients(port, 1, seconds), *tasks)
    return times, statuses


def faults(count, make_faulty, quick):
    """Measure how long one client waits for an answer while others do what they should not."""
    with serving("nnlab serve") as (port, process):
        asyncio.run(clients(port, 8, 0.5 if quick else 3))
        trial = Trial(examples=0)
        seconds = 2 if quick else 20
        times, statuses = asyncio.run(beside(port, seconds, count, make_faulty()))
        trial.round_ends()
        trial.examples = len(times)
        milliseconds = 1_000 * np.quantile(times, [0.5, 0.99])
        trial.facts = dict(zip(("p50", "p99"), milliseconds.round(2).tolist(), strict=True))
        trial.facts["memory_mb"] = memory_mb(process)
        trial.facts["statuses"] = {str(each): statuses.count(each) for each in set(statuses)}
    return trial


def bomb():
    """Return the request of a PNG file that unpacks to 400 million pixels."""
    return send(png(Image.new("1", (20_000, 20_000))))


def largest():
    """Return the request of a picture with as many pixels as the server takes."""
    return send(png(Image.new("L", (5_000, 4_000))))


def noise():
    return send(np.random.default_rng(0).bytes(1_000))


FAULTS = {
    "nobody": (0, noise),
    "100 half requests": (100, lambda: send_half),
    "100 slow clients": (100, lambda: send_slowly),
    "4 that send 100 MB": (4, lambda: send_much),
    "4 that send pictures of 400 million pixels": (4, bomb),
    "4 that send random bytes": (4, noise),
    "4 that send pictures of 20 million pixels, which is allowed": (4, largest),
}
LOADS = {}
for count, clients_in_words in ((1, "1 client"), (8, "8 clients"), (64, "64 clients")):
    for server in SERVERS:
        LOADS[f"{server}, {clients_in_words}"] = partial(load, server, count)
CONTESTS = {
    "load": LOADS,
    "memory": {"nnlab serve": partial(memory, "nnlab serve")},
    "faults": {name: partial(faults, *fault) for name, fault in FAULTS.items()},
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
