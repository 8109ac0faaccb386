"""What tests of data sets share: archives, damaged files, servers of all manners, record files."""

import gzip
import http.server
import io
import pickle
import subprocess
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from nnlab.datasets import _formats


def packed(name, members):
    """Return the bytes of an archive, a zip or a tar, as the ending of its name says.

    members: {path: bytes, or the members of an archive inside}
    """
    contents = {}
    for path, content in members.items():
        contents[path] = packed(path, content) if isinstance(content, dict) else content
    buffer = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, content in contents.items():
                archive.writestr(path, content)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w" if name.endswith(".tar") else "w:gz") as archive:
        for path, content in contents.items():
            header = tarfile.TarInfo(path)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def shrunk(tmp_path, monkeypatch):
    """Return a function that lets a published archive consist of a few members only.

    It returns another one, which puts a file into a provided folder and returns its path: bytes, or
    members of an archive, of the kind that the name says or another, of which the end may be cut.
    """
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "provided"))

    def shrink(collection, dataset, members):
        [file] = collection[dataset].files
        size = sum(map(len, members.values()))
        tiny = replace(file, content_bytes=size, content_sha256=_formats.listing_sha256(members))
        monkeypatch.setitem(collection, dataset, replace(collection[dataset], files=(tiny,)))

        def put(name, content, *, kind=None, cut=None):
            content = packed(kind or name, content) if isinstance(content, dict) else content
            path = (tmp_path / "provided" / file.path).with_name(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content[:cut])
            return path

        return put

    return shrink


@pytest.fixture
def damaged():
    """Return a function that spoils the bytes of a gzip file in the way that is named."""

    def spoil(content, how):
        other = bytearray(gzip.decompress(content))
        other[-1] ^= 1
        return {
            "truncated": content[:-100],
            "empty": b"",
            "one bit wrong": content[:-200] + bytes([content[-200] ^ 1]) + content[-199:],
            "other content": gzip.compress(bytes(other)),
            "web page": b"<html>Please log in</html>",
            "surplus": content + b"x",
            "bomb": gzip.compress(bytes(2**22)),
            "too long": content * 50,
        }[how]

    return spoil


# ---- servers -------------------------------------------------------------------------------------


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

    def packed_anew(self, content):
        self.good(gzip.compress(gzip.decompress(content), 1, mtime=5))

    def encoded(self, content):
        """Declare the packing to be a matter of the transfer, so that the client unpacks."""
        self.good(content, encoding="gzip")

    def untold(self, content):
        """Do not tell the size, as servers do that pack while they send."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)

    def missing(self, content):
        self.send_error(404)

    def broken(self, content):
        self.send_error(503)

    def truncated(self, content):
        self.good(content[:-10], len(content))

    def wrong(self, content):
        self.good(content[:-200] + bytes([content[-200] ^ 1]) + content[-199:])

    def login(self, content):
        """Answer as the network of a hotel does."""
        self.good(b"<html>Please log in</html>")

    def silent(self, content):
        self.server.over.wait(30)

    def stops(self, content):
        """Send half of it, and then nothing."""
        self.good(content[: len(content) // 2], len(content))
        self.server.over.wait(30)

    def together(self, content):
        """Answer two clients at once, each when both have come."""
        if "train-images" in self.path:
            self.server.both.wait(60)
        self.good(content)

    def redirects(self, content):
        """Send the client on to the behaviour that the server was told."""
        name = self.path.split("/", 2)[2]
        self.send_response(302)
        address = f"http://localhost:{self.server.server_port}/{self.server.onward}/{name}"
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is what these tests are about."""


@pytest.fixture
def server(tmp_path):
    """A server of the files in tmp_path/published; ``requests`` tells what it was asked."""
    server = Server(("127.0.0.1", 0), Handler)
    server.folder = tmp_path / "published"
    server.requests = []
    server.both = threading.Barrier(2)
    server.over = threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def mirrors(server, cache_folder, write_tiny_mnist, monkeypatch):
    """Return a function that publishes the tiny set at addresses that behave as told."""
    monkeypatch.delenv("NNLAB_OFFLINE")
    hosts = ("127.0.0.1", "localhost")  # failures are kept by host name

    def publish(*behaviours):
        pairs = zip(hosts, behaviours, strict=False)
        bases = [f"http://{host}:{server.server_port}/{behaviour}/" for host, behaviour in pairs]
        return write_tiny_mnist(server.folder, bases)

    return publish


@pytest.fixture
def start_fetching():
    """Return a function that fetches a data set in another process, behind the words given."""
    code = """
import pickle, sys
from nnlab.datasets import _files
_files.obtain(pickle.loads(bytes.fromhex(sys.argv[1])))
"""

    def start(dataset, prefix=()):
        python = [sys.executable, "-W", "error", "-c", code, pickle.dumps(dataset).hex()]
        pipe = subprocess.PIPE
        return subprocess.Popen([*prefix, *python], stdout=pipe, stderr=pipe)

    return start


@pytest.fixture
def files_in():
    """Return a function that returns the sorted names of all files in a folder."""
    return lambda folder: sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def file_names():
    """Return a function that returns the sorted names of a data set's files, as published."""
    return lambda dataset: sorted(file.path.rpartition("/")[2] for file in dataset.files)


# ---- record files --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def small_images():
    """50 images (6, 5, 3) of noise, and their labels, 0 to 2."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (50, 6, 5, 3), np.uint8), rng.integers(0, 3, 50)


@pytest.fixture
def records(small_images, tmp_path):
    """A folder with these images in record files of eight; the last has two."""
    from nnlab.datasets import write_records

    write_records(
        tmp_path / "records", *small_images, class_names=("cat", "dog", "eel"), shard_size=8
    )
    return tmp_path / "records"


@pytest.fixture
def epoch():
    """Return a function that returns all images and labels of an epoch, in their order."""

    def read(dataset):
        images, labels = zip(*dataset.as_numpy_iterator(), strict=True)
        return np.concatenate(images), np.concatenate(labels)

    return read


@pytest.fixture
def as_set():
    """Return a function that makes images with labels a set, for which order does not matter."""
    return lambda images, labels: {
        (image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)
    }
