"""Downloads, against servers that answer, lie, stop, redirect or stay silent."""

import re
import time

import pytest

from nnlab.datasets import _download, _files, load_images


@pytest.fixture
def impatient(monkeypatch):
    """Hosts are given up after half a second."""
    monkeypatch.setattr(_download, "TIMEOUT", (0.5, 0.5))


def test_a_set_is_downloaded_once_and_then_taken_from_the_cache(
    mirrors, server, cache_folder, files_in, file_names, capsys
):
    dataset = mirrors("good")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)
    assert _files.state(dataset) == "cached"
    assert files_in(cache_folder) == file_names(dataset)
    load_images("mnist")
    assert len(server.requests) == 4
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "train-images-idx3-ubyte.gz: 100%" in printed.err


def test_the_bar_goes_on_where_a_server_does_not_tell_the_size(mirrors, capsys):
    mirrors("untold")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)
    shown = capsys.readouterr().err
    assert "ubyte.gz: 0.00B" not in shown
    assert len(re.findall(r"ubyte\.gz: \d+\.\dkB \[", shown)) >= 4  # of four files


@pytest.mark.parametrize("behaviour", ["packed_anew", "encoded"])
def test_another_packing_of_the_same_content_is_accepted_from_a_mirror(
    mirrors, server, cache_folder, behaviour
):
    dataset = mirrors(behaviour)
    assert load_images("mnist").x_test.shape == (3, 28, 28, 1)
    path = dataset.files[0].path
    assert (cache_folder / path).read_bytes() != (server.folder / path).read_bytes()
    assert _files.state(dataset) == "cached"


BAD = ["missing", "broken", "truncated", "wrong", "login", "silent", "stops"]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_mirror_is_passed_over_for_the_next_one(
    mirrors, cache_folder, files_in, file_names, impatient, bad
):
    dataset = mirrors(bad, "good")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)
    assert files_in(cache_folder) == file_names(dataset)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("missing", "answered 404 Not Found"),
        ("broken", "answered 503 Service Unavailable"),
        ("truncated", "no connection, or it broke"),
        ("wrong", "expected 4,720 bytes with sha256 .* got a broken gzip stream"),
        ("login", "expected 4,720 bytes with sha256 .* got 26 bytes with sha256"),
        ("silent", "no answer in time"),
        ("stops", "no connection, or it broke"),
    ],
)
def test_when_no_mirror_serves_the_error_tells_why_and_nothing_is_left(
    mirrors, server, cache_folder, files_in, impatient, bad, reason
):
    mirrors(bad)
    start = time.monotonic()
    with pytest.raises(FileNotFoundError, match=reason) as caught:
        load_images("mnist")
    assert time.monotonic() - start < 5
    assert f"http://127.0.0.1:{server.server_port}/{bad}/mnist/train-images" in str(caught.value)
    assert files_in(cache_folder) == []
    assert len(server.requests) == 1  # the other three files are not tried


def test_a_host_that_failed_is_asked_last_for_the_next_file(mirrors, server):
    mirrors("missing", "good")
    load_images("mnist")
    asked = [behaviour for behaviour, _ in server.requests]
    assert asked == ["missing", "good", "good", "good", "good"]


def test_a_host_without_a_server_is_named(
    mirrors, write_tiny_mnist, server, cache_folder, files_in
):
    mirrors("good")
    write_tiny_mnist(server.folder, ["http://127.0.0.1:9/"])
    with pytest.raises(FileNotFoundError, match=r"127\.0\.0\.1:9/.*no connection"):
        load_images("mnist")
    assert files_in(cache_folder) == []


def test_a_redirection_to_the_right_bytes_is_followed_and_to_wrong_ones_is_not_believed(
    mirrors, server, cache_folder, files_in, file_names
):
    server.onward = "login"
    dataset = mirrors("redirects")
    with pytest.raises(FileNotFoundError, match="with sha256"):
        load_images("mnist")
    assert files_in(cache_folder) == []
    server.onward = "good"
    load_images("mnist")
    assert files_in(cache_folder) == file_names(dataset)


def test_an_address_that_redirects_to_itself_for_ever_is_given_up(
    mirrors, server, cache_folder, files_in
):
    server.onward = "redirects"
    mirrors("redirects")
    with pytest.raises(FileNotFoundError, match="TooManyRedirects"):
        load_images("mnist")
    assert files_in(cache_folder) == []


# ---- when nothing may be downloaded --------------------------------------------------------------


def test_offline_means_that_no_address_is_asked(mirrors, server, monkeypatch):
    mirrors("good")
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    with pytest.warns(UserWarning, match="digits stands in for mnist"):
        assert load_images("mnist", offline="digits").name == "digits"
    assert server.requests == []
    monkeypatch.setenv("NNLAB_OFFLINE", "0")
    assert load_images("mnist", offline="digits").name == "mnist"


def test_a_quick_run_never_downloads_and_takes_the_stand_in_or_what_is_there(
    mirrors, server, monkeypatch
):
    mirrors("good")
    monkeypatch.setenv("NNLAB_QUICK", "1")
    with pytest.warns(
        UserWarning, match=r"digits stands in for mnist.*a quick run.* never downloads"
    ):
        assert load_images("mnist", offline="digits").name == "digits"
    with pytest.raises(FileNotFoundError, match="quick run, NNLAB_QUICK=1, never downloads"):
        load_images("mnist")
    assert server.requests == []
    monkeypatch.delenv("NNLAB_QUICK")
    assert load_images("mnist").name == "mnist"
    monkeypatch.setenv("NNLAB_QUICK", "1")
    assert load_images("mnist", offline="digits").name == "mnist"
    assert len(server.requests) == 4


# ---- what is damaged in the cache ----------------------------------------------------------------


def test_a_damaged_file_in_the_cache_is_replaced(
    mirrors, server, cache_folder, files_in, file_names
):
    dataset = mirrors("good")
    load_images("mnist")
    path = cache_folder / dataset.files[3].path
    path.write_bytes(path.read_bytes()[:-1])
    assert _files.state(dataset) == "damaged"
    load_images("mnist")
    assert len(server.requests) == 5
    assert files_in(cache_folder) == file_names(dataset)


def test_a_damaged_file_that_cannot_be_replaced_is_an_error_even_with_a_stand_in(
    mirrors, cache_folder, files_in
):
    dataset = mirrors("missing")
    path = cache_folder / dataset.files[0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"was damaged: (.|\n)*answered 404"):
        load_images("mnist", offline="digits")
    assert files_in(cache_folder) == [path.name + ".damaged"]


# ---- two at once ---------------------------------------------------------------------------------


def test_what_another_process_fetched_meanwhile_is_taken(
    mirrors, server, cache_folder, monkeypatch
):
    dataset = mirrors("good")

    def fetch(file, target, check, failed_hosts):
        """Fail, as a host may that is asked too often, while another process succeeds."""
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((server.folder / file.path).read_bytes())
        return None, ["answered 429 Too Many Requests"]

    monkeypatch.setattr(_download, "fetch", fetch)
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)
    assert _files.state(dataset) == "cached"


def test_two_processes_that_fetch_at_once_both_succeed(
    mirrors, server, cache_folder, files_in, file_names, start_fetching
):
    dataset = mirrors("together")
    processes = [start_fetching(dataset) for _ in range(2)]
    for process in processes:
        printed, warned = process.communicate(timeout=60)
        assert (process.returncode, printed) == (0, b""), warned
    assert server.requests.count(("together", dataset.files[0].path)) == 2
    assert files_in(cache_folder) == file_names(dataset)
