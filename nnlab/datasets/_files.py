"""Where data live and how they get there: folders, hashes, mirrors, files that are whole or absent."""

import contextlib
import gzip
import hashlib
import os
import time
import uuid
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from nnlab.datasets import _network


def provided_folders():
    """Return the folders named in NNLAB_DATA, in order; nnlab reads them and never writes to them."""
    parts = os.environ.get("NNLAB_DATA", "").split(os.pathsep)
    return [Path(part).expanduser() for part in parts if part.strip()]


def cache_folder():
    """Return the folder for downloads: NNLAB_CACHE, else data/ in a checkout, else the user's cache."""
    if chosen := os.environ.get("NNLAB_CACHE"):
        return Path(chosen).expanduser()
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir():
        return root / "data"
    return Path(_network.pooch().os_cache("nnlab"))


def network_forbidden():
    """Return whether NNLAB_OFFLINE forbids to touch the network."""
    return os.environ.get("NNLAB_OFFLINE", "").strip().lower() not in (
        "",
        "0",
        "false",
        "no",
        "off",
    )


def search_folders():
    """Return (state, folder) pairs in the order of looking: "provided" by NNLAB_DATA, then "cached"."""
    return [*(("provided", folder) for folder in provided_folders()), ("cached", cache_folder())]


def copies(file):
    """Return (state, path) of each copy of a file that is there, good or not, in the order of looking."""
    found = [(state, folder / file.path) for state, folder in search_folders()]
    return [(state, path) for state, path in found if os.path.exists(path)]  # noqa: PTH110 (Path's raises)


def damage(path, file):
    """Return what is wrong with a copy of a file (expected, got), or None where its hash is right."""
    expected = f"expected {file.size:,} bytes with sha256 {file.sha256}"
    try:
        if not path.is_file():
            return f"{expected}, got something that is not a plain file"
        size = path.stat().st_size
        if size > file.max_bytes:
            return f"{expected}, got {size:,} bytes"
        with path.open("rb") as stream:
            got = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"{expected}, got a file that cannot be read ({error.strerror})"
    if got == file.sha256:
        return None
    if file.payload_sha256 and file.payload_sha256 in (
        got,
        _payload_sha256(path, file.payload_size),
    ):
        return None  # the same content, packed by another gzip or not at all
    return f"{expected}, got {size:,} bytes with sha256 {got}"


def _payload_sha256(path, size):
    """Return the hash of what a gzip file holds, None where the stream is broken; reads size + 1 bytes."""
    digest, left = hashlib.sha256(), size + 1
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(min(2**20, left)):
                digest.update(chunk)
                left -= len(chunk)
    except (OSError, EOFError, zlib.error):
        return None
    return digest.hexdigest()


def state(dataset):
    """Return embedded, provided (by NNLAB_DATA), cached, absent or damaged."""
    if dataset.embedded:
        return "embedded"
    states = {"absent" if not copies(file) else _first_state(file) for file in dataset.files}
    return next(word for word in ("damaged", "absent", "cached", "provided") if word in states)


def _first_state(file):
    word, path = copies(file)[0]
    return "damaged" if damage(path, file) else word


def locate(dataset):
    """Return the verified paths of a data set's files, in order, downloading those that are nowhere.

    Raises FileNotFoundError where a file cannot be had, ValueError where one is damaged and cannot be replaced.
    """
    dead_hosts = set()
    return [_locate_file(file, dataset, dead_hosts) for file in dataset.files]


def _locate_file(file, dataset, dead_hosts):
    problem = None
    for word, path in copies(file):
        problem = damage(path, file)
        if problem is None:
            return path
        if word == "provided":
            raise ValueError(
                f"{path} is damaged: {problem}. It lies in a folder named in NNLAB_DATA, which nnlab never "
                "changes: replace or remove the file, or take the folder out of NNLAB_DATA."
            )
    target = cache_folder() / file.path
    failures = _download(file, target, dead_hosts)
    if not failures:
        return target
    if problem is None:
        raise FileNotFoundError(_nowhere(file, dataset, failures))
    if set_aside(target, file):
        return target
    raise ValueError(
        f"{target} was damaged: {problem}. It is never used (look for {target.name}.damaged). "
        f"A fresh copy is needed: {_nowhere(file, dataset, failures)}"
    )


def set_aside(path, file):
    """Move a damaged file out of the way; return whether another process has meanwhile put a good one there."""
    aside = path.with_name(path.name + ".damaged")
    with contextlib.suppress(
        OSError
    ):  # a folder we cannot write to: the hash still keeps it from being used
        path.replace(aside)
        if damage(aside, file) is None:  # judged after the move, when nobody else can exchange it
            aside.replace(path)
    return damage(path, file) is None


def _nowhere(file, dataset, failures):
    stand_in = {"image": "digits", "text": "python_docs"}[dataset.kind]
    folders = [
        f"{folder}{'' if folder.is_dir() else ' (no such folder)'}"
        for _, folder in search_folders()
    ]
    return "\n".join(
        [
            f"{file.path} is not here and could not be downloaded.",
            *(f"  looked in  {folder}" for folder in folders),
            *(f"  tried      {failure}" for failure in failures),
            "What to do, one of these:",
            f"  run `nnlab data fetch {dataset.name}` where there is a network (and NNLAB_OFFLINE is not set);",
            f"  set NNLAB_DATA to a folder that holds {file.path};",
            "  set NNLAB_CACHE to a folder you can write to, if the cache folder is the trouble;",
            f'  load with offline="{stand_in}", which needs no network.',
        ]
    )


def _download(file, target, dead_hosts):
    """Put a verified file in place of the target; return [] or, where no address had it, the failures."""
    if network_forbidden():
        return ["no address: NNLAB_OFFLINE is set"]
    failures = []
    for url in sorted(file.urls, key=lambda url: urlsplit(url).netloc in dead_hosts):
        part = target.with_name(
            f".{target.name}.{uuid.uuid4().hex}.part"
        )  # ours alone: two processes may fetch
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned_parts(target)
            with part.open("xb") as stream:
                _network.receive(url, stream, file)
            if problem := damage(part, file):
                raise ValueError(problem)
            part.replace(target)
            return []
        except (OSError, ValueError) as error:
            failures.append(f"{url}: {_network.reason(error)}")
            dead_hosts.add(urlsplit(url).netloc)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    return failures


def _remove_abandoned_parts(target, seconds=3600):
    """Remove what processes that were killed while they fetched this file have left: none writes for so long."""
    for part in target.parent.glob(f".{target.name}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > seconds:
                part.unlink()
