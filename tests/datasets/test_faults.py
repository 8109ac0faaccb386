"""What can go wrong around a download: a killed process, a full disk, a cache that is read-only, a wrong clock."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import pytest
from test_data_download import Handler, cache, files_in, mirrors, names, server  # noqa: F401

from nnlab.datasets import _files, load_images

FETCH = "import pickle, sys; from nnlab.datasets import _files; _files.locate(pickle.load(sys.stdin.buffer))"
TMPFS = [
    "unshare",
    "--mount",
    *([] if os.geteuid() == 0 else ["--map-root-user", "--user"]),
    "sh",
    "-c",
]


def can_mount():
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*TMPFS, "mount -t tmpfs none /mnt"], capture_output=True).returncode == 0


def redirected(handler, content):
    """Send the client on to the address that the server was told, under http."""
    name = handler.path.split("/", 2)[2]
    handler.send_response(302)
    handler.send_header(
        "Location", f"http://localhost:{handler.server.server_port}/{handler.server.onward}/{name}"
    )
    handler.end_headers()


@pytest.fixture(autouse=True)
def _redirecting(monkeypatch):
    monkeypatch.setattr(Handler, "redirected", redirected, raising=False)


def start_fetching(dataset, prefix=()):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([*prefix, sys.executable, "-c", FETCH], **pipes)
    process.stdin.write(pickle.dumps(dataset))
    process.stdin.close()
    return process


def test_a_process_killed_while_it_fetches_leaves_nothing_that_is_taken_for_a_file(
    mirrors, server, cache
):  # noqa: F811
    process = start_fetching(mirrors("drip"))
    deadline = time.monotonic() + 30
    while not list(cache.rglob("*.part")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    process.stdout.close()
    process.stderr.close()
    [part] = cache.rglob("*.part")
    dataset = mirrors("good")
    assert _files.state(dataset) == "absent"
    load_images("mnist")
    assert part.exists()  # it might be another process' at work
    two_hours_ago = time.time() - 7200
    os.utime(part, (two_hours_ago, two_hours_ago))
    for whole in cache.rglob("*.gz"):
        whole.unlink()
    load_images("mnist")
    assert files_in(cache) == names(dataset)


def test_a_redirection_to_the_right_bytes_is_followed_and_to_wrong_ones_is_not_believed(
    mirrors, server, cache
):  # noqa: F811
    server.onward = "wrong"
    dataset = mirrors("redirected")
    with pytest.raises(FileNotFoundError, match="with sha256"):
        load_images("mnist")
    assert files_in(cache) == []
    server.onward = "good"
    load_images("mnist")
    assert files_in(cache) == names(dataset)


def test_an_address_that_sends_to_itself_for_ever_is_given_up(mirrors, server, cache):  # noqa: F811
    server.onward = "redirected"
    mirrors("redirected")
    with pytest.raises(FileNotFoundError, match="TooManyRedirects"):
        load_images("mnist")
    assert files_in(cache) == []


@pytest.mark.skipif(not can_mount(), reason="may not mount a small file system here")
@pytest.mark.parametrize(
    ("options", "reason"), [("size=4k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_disk_that_is_full_or_read_only_is_named_and_nothing_is_left(
    mirrors, cache, options, reason
):  # noqa: F811
    cache.mkdir()
    script = (
        f'mount -t tmpfs -o {options} none "$0" && ("$@"; code=$?; find "$0" -type f; exit $code)'
    )
    process = start_fetching(mirrors("good"), [*TMPFS, script, str(cache)])
    with process.stdout, process.stderr:
        left, problem = process.stdout.read(), process.stderr.read().decode()
    assert process.wait(30) == 1
    assert reason in problem
    assert "set NNLAB_CACHE to a folder you can write to" in problem
    assert left == b""


@pytest.mark.parametrize("now", [0.0, 4e9])
def test_a_clock_that_is_wrong_by_decades_does_not_matter(mirrors, cache, monkeypatch, now):  # noqa: F811
    dataset = mirrors("good")
    target = cache / dataset.files[0].path
    part = target.with_name(f".{target.name}.of-another-process.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    monkeypatch.setattr(time, "time", lambda: now)
    load_images("mnist")
    assert part.exists() == (
        now == 0.0
    )  # what is older than an hour, by the clock, is cleared away
    part.unlink(missing_ok=True)
    assert files_in(cache) == names(dataset)
