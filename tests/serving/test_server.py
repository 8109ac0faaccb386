"""``nnlab serve``, as a program that others speak to: answers, limits, and what faults do to it."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.serving.conftest import CLASSES, SHAPE, probabilities

TIMEOUT = 2.0  # seconds that the server gives a client
MAX_BYTES = 1_000_000


SERVE = [sys.executable, "-c", "from nnlab.cli import app; app()", "serve"]
# What runs before it: a process started in the background inherits that it shall ignore SIGHUP.
AS_IN_A_TERMINAL = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
AS_BY_NOHUP = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
ON_ONE_CORE = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])"


@contextlib.contextmanager
def serving(path, processes=None, before="pass"):
    """Run the server until the block ends; yield its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = f"{before}\n{SERVE[2]}"
    command = [*SERVE[:2], program, "serve", str(path), "--class-names", "cat, dog, elk"]
    command += ["--port", str(port)]
    command += ["--processes", str(processes)] if processes else []
    command += ["--timeout", str(TIMEOUT), "--max-megabytes", str(MAX_BYTES / 1e6)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            assert server.poll() is None and time.monotonic() < deadline, server.stderr.read()
            time.sleep(0.1)
        yield port, server
    finally:
        server.terminate()
        server.wait(30)
        server.stderr.close()


@pytest.fixture(scope="module")
def one_server(network):
    """The port of a server of one process, and that process."""
    with serving(network[0], processes=1) as found:
        yield found


@pytest.fixture(scope="module")
def port(one_server):
    return one_server[0]


def ask(port, body=None, kind="application/json", path="/predict", method="POST"):
    """Return the status of an answer and what it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        content = answer.read()
    is_json = answer.headers.get_content_type() == "application/json"
    return answer.status, json.loads(content) if is_json else content.decode()


def as_json(images):
    return json.dumps({"images": np.asarray(images).tolist()})


def works(port):
    """Return whether a request is answered rightly within a second or so."""
    start = time.monotonic()
    status, said = ask(port, as_json(np.zeros(SHAPE)))
    return status == 200 and len(said["predictions"]) == 1 and time.monotonic() - start < 5


def answers(port, status):
    """Return how many answers of a status the server has counted."""
    _, text = ask(port, path="/metrics", method="GET")
    line = f'nnlab_answers_total{{status="{status}"}} '
    counts = [row.removeprefix(line) for row in text.splitlines() if row.startswith(line)]
    return sum(map(float, counts))


def test_arrays_are_answered_with_the_probabilities_of_each_class(port, network):
    images = np.random.default_rng(0).random((3, *SHAPE), np.float32)
    status, said = ask(port, as_json(images))
    expected = probabilities(images, network[1])
    assert status == 200
    for prediction, row in zip(said["predictions"], expected, strict=True):
        assert list(prediction["probabilities"]) == ["cat", "dog", "elk"]
        np.testing.assert_allclose(list(prediction["probabilities"].values()), row, atol=1e-6)
        assert prediction["class"] == ["cat", "dog", "elk"][row.argmax()]
        assert prediction["probability"] == max(prediction["probabilities"].values())


@pytest.mark.parametrize(("form", "kind"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_pictures_are_answered(port, network, form, kind):
    content = io.BytesIO()
    Image.fromarray(np.full(SHAPE[:2], 200, np.uint8)).save(content, form)
    status, said = ask(port, content.getvalue(), kind)
    (row,) = probabilities(np.full((1, *SHAPE), 200 / 255), network[1])
    assert status == 200
    given = list(said["predictions"][0]["probabilities"].values())
    np.testing.assert_allclose(given, row, atol=0.02)


def test_it_says_what_it_serves_and_counts_its_answers(port):
    status, health = ask(port, path="/health", method="GET")
    assert (status, health["status"], health["model"]) == (200, "ok", "dense")
    assert health["image_shape"] == list(SHAPE)
    assert len(health["class_names"]) == CLASSES
    before = answers(port, 415)
    ask(port, b"?", "text/plain")
    assert answers(port, 415) == before + 1
    _, description = ask(port, path="/openapi.json", method="GET")
    kinds = description["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(kinds) == {"image/png", "image/jpeg", "application/json"}


@pytest.mark.parametrize(
    ("body", "kind", "status", "word"),
    [
        (b"", "image/png", 422, "is empty"),
        (b"?", "image/png", 422, "neither"),
        (b"GIF89a", "image/jpeg", 422, "neither"),
        (b"{}", "application/json", 422, "nested lists"),
        (b"x", "text/plain", 415, "content type"),
        (b"x", None, 415, "content type"),
        (bytes(MAX_BYTES + 1), "image/png", 413, "may have 1,000,000 bytes, it has 1,000,001"),
    ],
)
def test_bad_input_is_a_4xx_with_a_sentence(port, body, kind, status, word):
    answered, said = ask(port, body, kind)
    assert answered == status
    assert word in said["detail"]


def test_what_the_network_cannot_judge_is_refused_and_counted_so(port):
    before = answers(port, 422)
    status, said = ask(port, as_json(np.full(SHAPE, 3e38)))
    assert status == 422
    assert "scale them as in training" in said["detail"]
    assert answers(port, 422) == before + 1


def test_a_compressed_body_is_refused(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        connection.request("POST", "/predict", b"...", headers)
        answer = connection.getresponse()
        assert (answer.status, "compressed" in answer.read().decode()) == (415, True)


def test_health_can_be_asked_without_a_body(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("HEAD", "/health")
        assert connection.getresponse().status == 200


def test_a_client_that_is_done_with_sending_gets_its_answer(port):
    body = as_json(np.zeros(SHAPE)).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        client.shutdown(socket.SHUT_WR)
        assert b" 200 " in client.recv(10_000)


def test_a_body_of_100_mb_is_refused_before_it_is_read(port):
    before = answers(port, 413)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            b"Content-Length: 100000000\r\n\r\n"
        )
        assert b" 413 " in client.recv(1000)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:  # length not said
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        block = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        with contextlib.suppress(ConnectionError):
            for _ in range(1600):  # 100 MB
                client.sendall(block)
        with contextlib.suppress(ConnectionError):
            assert b" 413 " in client.recv(1000)
    assert answers(port, 413) == before + 2
    assert works(port)


def test_a_client_that_is_too_slow_is_let_go(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            b"Content-Length: 100\r\n\r\nab"
        )
        start = time.monotonic()
        assert b" 408 " in client.recv(1000)
        assert time.monotonic() - start < TIMEOUT + 5


def test_bytes_that_trickle_in_do_not_keep_a_connection_open(port):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    half_a_head = socket.create_connection(("127.0.0.1", port), timeout=30)
    refused = socket.create_connection(("127.0.0.1", port), timeout=30)  # answered, sends on
    half_a_head.sendall(head)
    refused.sendall(head + b"Content-Length: 1000\r\n\r\n")
    for client in (half_a_head, refused):
        start = time.monotonic()
        with client, contextlib.suppress(ConnectionError):
            while time.monotonic() - start < 10 * TIMEOUT:
                client.sendall(b"x")
                time.sleep(0.1)
            pytest.fail("the connection is still open")
    assert works(port)


def test_half_requests_keep_nobody_from_an_answer(port):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 50\r\n"
    halves = [b"", b"POST", head, head + b"\r\n" + bytes(20)]
    clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(100)]
    try:
        for number, client in enumerate(clients):
            client.sendall(halves[number % len(halves)])
        assert works(port)
    finally:
        for client in clients:
            client.close()
    assert works(port)


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["image/png", "image/jpeg", "application/json"]))
def test_any_bytes_are_answered_by_a_sentence(port, noise, kind):
    status, said = ask(port, noise, kind)
    assert 400 <= status < 500 and said["detail"]


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_http_hang_nothing(port, noise):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(noise + b"\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while client.recv(10_000):
                pass
    assert works(port)


def test_told_to_end_it_answers_what_has_begun(network):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    body = as_json(np.zeros(SHAPE)).encode()
    with serving(network[0], processes=1) as (port, server):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
            time.sleep(0.5)
            server.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.poll() is None
            client.sendall(body[5:])
            assert b" 200 " in client.recv(10_000)
        assert server.wait(30) == 143


def test_it_says_where_it_answers_and_how_to_ask(one_server):
    port, server = one_server
    address = f"http://127.0.0.1:{port}"
    assert server.stderr.readline() == f"dense: {address}/health, {address}/docs\n"
    curl = server.stderr.readline()
    assert curl.startswith("curl --data-binary @") and curl.endswith(f" {address}/predict\n")


def close_terminal(server):
    """Send SIGHUP as the kernel does: to all that the terminal has started; return the children."""
    children = psutil.Process(server.pid).children()
    for process in (*children, server):
        process.send_signal(signal.SIGHUP)
    return children


@pytest.mark.parametrize("processes", [1, 2])
def test_a_closed_terminal_ends_all_and_leaves_no_folder(network, tmp_path, monkeypatch, processes):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serving(network[0], processes, AS_IN_A_TERMINAL) as (port, server):
        assert works(port)
        children = close_terminal(server)
        assert server.wait(30) in (0, 143)
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert not list(tmp_path.glob("nnlab-serve-*"))


@pytest.mark.parametrize("processes", [1, 2])
def test_what_nohup_has_started_outlives_its_terminal(network, processes):
    with serving(network[0], processes, AS_BY_NOHUP) as (port, server):
        assert works(port)
        children = close_terminal(server)
        time.sleep(2)
        assert works(port)
        assert set(psutil.Process(server.pid).children()) == set(children)
    assert server.returncode in (0, 143)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a process bound to a core")
def test_without_a_number_a_process_answers_for_each_core_that_it_may_use(network):
    with serving(network[0], before=ON_ONE_CORE) as (port, server):
        assert works(port)
        assert not psutil.Process(server.pid).children()  # it answers by itself


def test_several_processes_answer_together_and_one_that_dies_is_replaced(network):
    with serving(network[0], processes=2) as (port, server):
        results = []

        def client():
            for _ in range(20):
                results.append(works(port))

        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 160
        assert answers(port, 200) == 160  # of both together
        before = set(psutil.Process(server.pid).children())
        worker = max(before, key=lambda process: process.memory_info().rss)
        worker.kill()
        deadline = time.monotonic() + 60
        while not set(psutil.Process(server.pid).children()) - before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert [works(port) for _ in range(10)] == [True] * 10
    assert server.returncode in (0, 143)


def refusal(*words):
    """Return what the server says that does not start."""
    done = subprocess.run([*SERVE, *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.replace("│", " ").split())


def test_a_network_that_cannot_be_served_is_refused_at_the_start(tmp_path):
    assert "is not a file" in refusal(tmp_path / "no.onnx")


def test_names_in_another_encoding_are_refused(network):
    assert "must be text" in refusal(network[0], "--class-names", "caf\udce9,b,c")


def test_a_port_that_is_taken_is_refused_before_anything_is_made(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}, cannot be listened to" in refusal(
            tmp_path / "no.onnx", "--port", port
        )


def test_the_network_is_the_one_of_the_start_and_all_processes_end_with_the_first(
    network, tmp_path
):
    path = tmp_path / "network.onnx"
    path.write_bytes(network[0].read_bytes())
    with serving(path, processes=2) as (port, server):
        path.unlink()
        children = psutil.Process(server.pid).children()
        max(children, key=lambda process: process.memory_info().rss).kill()
        assert [works(port) for _ in range(10)] == [True] * 10
        children = psutil.Process(server.pid).children()
        server.kill()
        gone, alive = psutil.wait_procs(children, timeout=30)
        assert len(gone) >= 2 and not alive


def test_told_to_end_while_it_starts_it_leaves_nothing(tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([*SERVE, "mnist_mlp", "--port", "0"], env=environment) as server:
        deadline = time.monotonic() + 60
        while not (children := psutil.Process(server.pid).children()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.terminate()
        assert server.wait(30) == 143
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert not list(tmp_path.glob("nnlab-serve-*"))
