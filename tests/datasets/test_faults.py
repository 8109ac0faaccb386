"""What can go wrong around a download: a killed process, a full disk, a wrong clock."""

import os
import signal
import time

import pytest

from nnlab.datasets import _download, _files, load_images


def test_a_process_killed_while_it_fetches_leaves_nothing_that_is_taken_for_a_file(
    mirrors, cache_folder, files_in, file_names, start_fetching
):
    process = start_fetching(mirrors("stops"))
    deadline = time.monotonic() + 30
    while not list(cache_folder.rglob("*.part")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    process.stdout.close()
    process.stderr.close()
    [part] = cache_folder.rglob("*.part")
    dataset = mirrors("good")
    assert _files.state(dataset) == "absent"
    load_images("mnist")
    assert part.exists()  # it might be another process' at work
    two_hours_ago = time.time() - 7200
    os.utime(part, (two_hours_ago, two_hours_ago))
    for whole in cache_folder.rglob("*.gz"):
        whole.unlink()
    load_images("mnist")
    assert files_in(cache_folder) == file_names(dataset)


def test_an_interrupt_leaves_no_half_file(mirrors, cache_folder, monkeypatch):
    def interrupted(url, path, file):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    mirrors("good")
    monkeypatch.setattr(_download, "_receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_images("mnist")
    assert list((cache_folder / "mnist").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "reason"), [("size=4k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_disk_that_is_full_or_read_only_is_named_and_nothing_is_left(
    mirrors, cache_folder, own_mounts, start_fetching, options, reason
):
    cache_folder.mkdir()
    script = f'mount -t tmpfs -o {options} none "$0" && ("$@"; c=$?; find "$0" -type f; exit $c)'
    process = start_fetching(mirrors("good"), [*own_mounts, script, str(cache_folder)])
    with process.stdout, process.stderr:
        left = process.stdout.read()
        problem = process.stderr.read().decode()
    assert process.wait(30) == 1
    assert reason in problem
    assert "set NNLAB_CACHE to a folder you can write to" in problem
    assert left == b""


def test_a_cache_that_cannot_be_written_to_is_named_and_a_stand_in_still_works(
    mirrors, tmp_path, monkeypatch
):
    mirrors("good")
    (tmp_path / "file").write_text("")  # in a file not even root can make a folder
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "file" / "cache"))
    reason = r"Not a directory: .*file/cache(.|\n)*set NNLAB_CACHE"
    with pytest.raises(FileNotFoundError, match=reason):
        load_images("mnist")
    with pytest.warns(UserWarning, match="digits stands in for mnist"):
        load_images("mnist", offline="digits")


@pytest.mark.parametrize("now", [0.0, 4e9])
def test_a_clock_that_is_wrong_by_decades_does_not_matter(
    mirrors, cache_folder, files_in, file_names, monkeypatch, now
):
    dataset = mirrors("good")
    target = cache_folder / dataset.files[0].path
    part = target.with_name(f".{target.name}.of-another-process.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    monkeypatch.setattr(time, "time", lambda: now)
    load_images("mnist")
    # what is older than an hour by the clock is cleared away
    assert part.exists() == (now == 0.0)
    part.unlink(missing_ok=True)
    assert files_in(cache_folder) == file_names(dataset)
