"""Downloads, against servers that answer, lie, stop, flood or stay silent."""

import gzip
import http.server
import pickle
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from test_data_files import damaged_versions, write_tiny_mnist

from nnlab.datasets import _files, _network, load_images
from nnlab.datasets._registry import DATASETS


class Handler(http.server.BaseHTTPRequestHandler):
    """The first part of the path says how to behave, the rest names a file."""

    def do_GET(self):
        _, behaviour, name = self.path.split("/", 2)
        self.server.requests.append((behaviour, name))
        content = (self.server.folder / name).read_bytes()
        getattr(self, behaviour)(content)

    def good(self, content, length=None, encoding=None):
        self.send_response(200)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def regzipped(self, content):
        self.good(gzip.compress(gzip.decompress(content), 1, mtime=5))

    def encoded(self, content):
        """Declare the packing to be a matter of the transfer, as some servers do: the client unpacks."""
        self.good(content, encoding="gzip")

    def missing(self, content):
        self.send_error(404)

    def truncated(self, content):
        self.good(content[:-10], len(content))

    def wrong(self, content):
        self.good(damaged_versions(content)["one_bit_wrong"])

    def together(self, content):
        """Answer two clients at once, each when both have come."""
        if "train-images" in self.path:
            self.server.both.wait(60)
        self.good(content)

    def silent(self, content):
        self.server.over.wait(30)

    def drip(self, content):
        self.good(b"", len(content))
        while not self.server.over.wait(0.1):
            self.wfile.write(b"x")

    def endless(self, content):
        self.send_response(200)
        self.end_headers()
        for _ in range(10_000):
            self.wfile.write(bytes(10_000))

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is what these tests are about."""


@pytest.fixture
def server(tmp_path):
    server = Server(("127.0.0.1", 0), Handler)
    server.folder, server.requests = tmp_path / "published", []
    server.both, server.over = threading.Barrier(2), threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no other folder, and the network allowed."""
    for name in ("NNLAB_DATA", "NNLAB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def impatient(monkeypatch):
    """Hosts are given up after a second instead of eight."""
    monkeypatch.setattr(_network, "PATIENCE_SECONDS", 1)


@pytest.fixture
def mirrors(server, cache, monkeypatch):
    """Return a function that publishes the tiny set under addresses that behave as told."""

    def publish(*behaviours):
        pairs = zip(
            ("127.0.0.1", "localhost"), behaviours, strict=False
        )  # failures are kept by host name
        bases = [f"http://{host}:{server.server_port}/{behaviour}/" for host, behaviour in pairs]
        monkeypatch.setitem(DATASETS, "mnist", write_tiny_mnist(server.folder, bases))
        return DATASETS["mnist"]

    return publish


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def names(dataset):
    return sorted(Path(file.path).name for file in dataset.files)


def test_a_set_is_downloaded_once_and_then_taken_from_the_cache(mirrors, server, cache, capsys):
    dataset = mirrors("good")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)
    assert _files.state(dataset) == "cached"
    assert files_in(cache) == names(dataset)
    load_images("mnist")
    assert len(server.requests) == 4
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("behaviour", ["regzipped", "encoded"])
def test_another_packing_of_the_same_payload_is_accepted_from_a_mirror(
    mirrors, server, cache, behaviour
):
    dataset = mirrors(behaviour)
    assert load_images("mnist").x_test.shape == (3, 28, 28, 1)
    path = dataset.files[0].path
    assert (cache / path).read_bytes() != (server.folder / path).read_bytes()
    assert _files.state(dataset) == "cached"


@pytest.mark.parametrize("bad", ["missing", "truncated", "wrong", "silent", "drip", "endless"])
def test_a_bad_mirror_is_passed_over_for_the_next_one(mirrors, cache, impatient, bad):
    dataset = mirrors(bad, "good")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)
    assert files_in(cache) == names(dataset)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("missing", "answered 404 Not Found"),
        ("truncated", "no connection, or it broke|expected .* got"),
        ("wrong", "expected .* got .* bytes with sha256"),
        ("silent", "no answer"),
        ("drip", "no answer for 1 s"),
        ("endless", "sent more than .* bytes"),
    ],
)
def test_when_no_mirror_serves_the_error_tells_why_and_nothing_is_left(
    mirrors, server, cache, impatient, bad, reason
):
    mirrors(bad)
    start = time.monotonic()
    with pytest.raises(FileNotFoundError, match=reason) as caught:
        load_images("mnist")
    assert time.monotonic() - start < 5
    assert f"http://127.0.0.1:{server.server_port}/{bad}/mnist/train-images" in str(caught.value)
    assert files_in(cache) == []
    assert len(server.requests) == 1  # the other three files are not tried


def test_a_host_that_failed_is_asked_last_for_the_next_file(mirrors, server):
    mirrors("missing", "good")
    load_images("mnist")
    assert [behaviour for behaviour, _ in server.requests] == [
        "missing",
        "good",
        "good",
        "good",
        "good",
    ]


def test_a_host_without_a_server_and_one_whose_name_never_resolves_fail_within_seconds(
    cache, impatient, monkeypatch, tmp_path
):
    over = threading.Event()
    resolve = socket.getaddrinfo

    def stuck(host, *rest, **more):
        if host == "stuck.test":
            over.wait(20)
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    dataset = write_tiny_mnist(
        tmp_path / "published", ["http://127.0.0.1:9/", "http://stuck.test/"]
    )
    start = time.monotonic()
    with pytest.raises(
        FileNotFoundError, match=r"127\.0\.0\.1:9/.*no connection(.|\n)*stuck\.test.*no answer for"
    ):
        _files.locate(dataset)
    over.set()
    assert time.monotonic() - start < 5
    assert files_in(cache) == []


def test_offline_means_that_no_address_is_asked(mirrors, server, monkeypatch):
    mirrors("good")
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    with pytest.warns(UserWarning, match="digits stands in for mnist"):
        assert load_images("mnist", offline="digits").name == "digits"
    assert server.requests == []
    monkeypatch.setenv("NNLAB_OFFLINE", "0")
    assert load_images("mnist", offline="digits").name == "mnist"


def test_a_damaged_file_in_the_cache_is_replaced(mirrors, server, cache):
    dataset = mirrors("good")
    load_images("mnist")
    path = cache / dataset.files[3].path
    path.write_bytes(path.read_bytes()[:-1])
    assert _files.state(dataset) == "damaged"
    load_images("mnist")
    assert len(server.requests) == 5
    assert files_in(cache) == names(dataset)


def test_a_damaged_file_that_cannot_be_replaced_is_an_error_even_with_a_stand_in(mirrors, cache):
    mirrors("missing")
    path = cache / DATASETS["mnist"].files[0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"was damaged: (.|\n)*answered 404"):
        load_images("mnist", offline="digits")
    assert files_in(cache) == [path.name + ".damaged"]


def test_two_processes_that_fetch_at_once_both_succeed(mirrors, server, cache):
    dataset = mirrors("together")
    code = "import pickle, sys; from nnlab.datasets import _files; _files.locate(pickle.load(sys.stdin.buffer))"
    words = [sys.executable, "-W", "error", "-c", code]
    processes = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        process.stdin.write(pickle.dumps(dataset))
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0, 0]
    assert server.requests.count(("together", dataset.files[0].path)) == 2
    assert files_in(cache) == names(dataset)
