"""Where data sets are: which folders are searched, what files hold, what to say of missing ones."""

import contextlib
import hashlib
import os
import warnings
from pathlib import Path

from nnlab.datasets import _download, _formats

ARCHIVE_ENDINGS = (*_formats.TAR_ENDINGS, ".zip")


def provided_folders():
    """Return the folders named in NNLAB_DATA, in order; nnlab reads them and never writes there."""
    parts = os.environ.get("NNLAB_DATA", "").split(os.pathsep)
    return [Path(part).expanduser() for part in parts if part.strip()]


def cache_folder():
    """Return where downloads go: NNLAB_CACHE, else data/ in a checkout, else the user's cache."""
    if chosen := os.environ.get("NNLAB_CACHE"):
        return Path(chosen).expanduser()
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir():
        return root / "data"
    return Path(_download.pooch().os_cache("nnlab"))


def search_folders():
    """Return (state, folder) in the order of looking: "provided" by NNLAB_DATA, then "cached"."""
    return [*(("provided", folder) for folder in provided_folders()), ("cached", cache_folder())]


def network_forbidden():
    """Return why the network may not be touched, NNLAB_OFFLINE; None where it may."""
    word = os.environ.get("NNLAB_OFFLINE", "").strip().lower()
    return None if word in ("", "0", "false", "no", "off") else "NNLAB_OFFLINE is set"


def quick_run():
    """Return why a loader downloads nothing in a quick run; None in a full one."""
    if os.environ.get("NNLAB_QUICK") == "1":
        return "a quick run, NNLAB_QUICK=1, never downloads"
    return None


def load(name, datasets, *, offline, kind, advice=""):
    """Return the `Dataset` of this name, or with a warning its stand-in, and what its files hold.

    datasets: {name: `Dataset`}, those of one kind.
    offline: the name of the stand-in, or None.
    kind, advice: what an error calls the data sets, and what it adds.
    Raises ValueError for an unknown name or stand-in, and what `obtain` raises.
    """
    embedded = [dataset.name for dataset in datasets.values() if dataset.embedded]
    if name not in list(datasets):
        known = ", ".join(datasets)
        raise ValueError(f"There is no {kind} data set called {name!r}; known are {known}.{advice}")
    if offline is not None and offline not in embedded:
        raise ValueError(
            f"offline={offline!r} cannot stand in for {name}: it must be None or one of the "
            f"embedded {kind} data sets, which need no network ({', '.join(embedded)})."
        )
    try:
        found = obtain(datasets[name], forbidden=quick_run())
    except FileNotFoundError as error:
        if offline is None:
            raise
        why = str(error).partition("\n")[0]
        warnings.warn(
            f"{offline} stands in for {name}, as offline={offline!r} asks: {why} "
            f"With a network, `nnlab data fetch {name}` gets the real one.",
            stacklevel=3,
        )
        return datasets[offline], []
    return datasets[name], [content for _, content in found]


def obtain(dataset, *, forbidden=None):
    """Return (path, content) of each file of a data set, in order; missing ones are downloaded.

    forbidden: why nothing may be downloaded, if it may not. NNLAB_OFFLINE forbids it anyway.
    Raises FileNotFoundError where a file cannot be had, ValueError where one is damaged and cannot
    be replaced.
    """
    failed_hosts = set()
    forbidden = network_forbidden() or forbidden
    return [_obtain_file(file, dataset, failed_hosts, forbidden) for file in dataset.files]


def _obtain_file(file, dataset, failed_hosts, forbidden):
    found, problem = _find(file)
    if found:
        return found
    target = cache_folder() / file.path
    failures = [f"no address: {forbidden}"]
    if not forbidden:
        held, failures = _download.fetch(file, target, content, failed_hosts)
        if held is not None:
            return target, held
    missing = _missing(file, dataset, failures, forbidden)
    if problem is None:
        found, _ = _find(file)  # another process may have fetched it meanwhile
        if found:
            return found
        raise FileNotFoundError(missing)
    if set_aside(target, file):
        return target, content(target, file)
    raise ValueError(
        f"{target} was damaged: {problem}. It is never used (look for {target.name}.damaged). "
        f"A fresh copy is needed: {missing}"
    )


def _find(file):
    """Return ((path, content), None) of the first good copy, or (None, the fault in the cache)."""
    problem = None
    for word, path in copies(file):
        try:
            return (path, content(path, file)), None
        except ValueError as error:
            if not _is_published_name(path, file):
                continue  # some other archive that lies beside it
            if word == "provided":
                raise ValueError(
                    f"{path} is damaged: {error}. It lies in a folder named in NNLAB_DATA, which "
                    "nnlab never changes: replace or remove the file, or take the folder out of "
                    "NNLAB_DATA."
                ) from None
            problem = error
    return None, problem


def _missing(file, dataset, failures, forbidden):
    """Return sentences that tell where a file was looked for, what was tried, and what to do."""
    reason = f" ({forbidden})" if forbidden else ""
    lines = [f"{file.path} is not here and could not be downloaded{reason}."]
    for _, folder in search_folders():
        lines.append(f"  looked in  {folder}{'' if folder.is_dir() else ' (no such folder)'}")
    lines += [f"  tried      {failure}" for failure in failures]
    lines += [
        "What to do, one of these:",
        f"  run `nnlab data fetch {dataset.name}` where there is a network "
        "(and NNLAB_OFFLINE is not set);",
        f"  set NNLAB_DATA to a folder that holds {file.path};",
        "  set NNLAB_CACHE to a folder you can write to, if the cache folder is the trouble;",
        f'  load with offline="{dataset.stand_in}", which needs no network.',
    ]
    return "\n".join(lines)


def copies(file):
    """Return (state, path) of each copy of a file, good or not, in the order of looking.

    An archive may have any name in its folder: what it holds tells whether it is one.
    """
    found = []
    for word, folder in search_folders():
        published = folder / file.path
        paths = [published]
        if file.members:
            others = sorted(published.parent.glob("*"))
            paths += [path for path in others if path.name.lower().endswith(ARCHIVE_ENDINGS)]
        for path in dict.fromkeys(paths):
            if os.path.exists(path):  # noqa: PTH110 (Path's may raise)
                found.append((word, path))
    return found


def _is_published_name(path, file):
    return path.as_posix().endswith(file.path)


def inspect(file):
    """Return (state, path, problem or None) of each copy; other archives beside it are left out."""
    found = [(word, path, damage(path, file)) for word, path in copies(file)]
    return [
        (word, path, problem)
        for word, path, problem in found
        if problem is None or _is_published_name(path, file)
    ]


def state(dataset):
    """Return embedded, provided (by NNLAB_DATA), cached, absent or damaged."""
    if dataset.embedded:
        return "embedded"
    states = set()
    for file in dataset.files:
        found = inspect(file)
        word, _, problem = found[0] if found else ("absent", None, None)
        states.add("damaged" if problem else word)
    return next(word for word in ("damaged", "absent", "cached", "provided") if word in states)


def content(path, file):
    """Return what a copy of a file holds: its bytes, or {path: bytes} of an archive's data members.

    Raises ValueError with what was expected and what is there if that is not the right content.
    """
    inside = f" in {', '.join(file.members)}" if file.members else ""
    size = f"{file.content_bytes:,} bytes{inside}"
    expected = f"expected {size} with sha256 {file.content_sha256}"
    if not path.is_file():
        raise ValueError(f"{expected}, got something that is not a plain file")
    try:
        if file.members:
            held = _formats.read_members(path, file.members, file.content_bytes, file.beginnings)
            got = _formats.listing_sha256(held)
            found = _in_words(held)
        else:
            held = _formats.read_file(path, file.content_bytes)
            got = hashlib.sha256(held).hexdigest()
            found = f"{len(held):,} bytes"
    except OSError as error:
        problem = f"a file that cannot be read ({error.strerror})"
        raise ValueError(f"{expected}, got {problem}") from error
    except ValueError as error:
        raise ValueError(f"{expected}, got {error}") from error
    if got != file.content_sha256:
        raise ValueError(f"{expected}, got {found} with sha256 {got}")
    return held


def _in_words(members):
    size = sum(map(len, members.values()))
    names = ", ".join(members) if len(members) <= 5 else f"{len(members):,} data members"
    return f"{size:,} bytes in {names or 'no data member'}"


def damage(path, file):
    """Return what is wrong with a copy of a file (expected, got), None if its content is right."""
    try:
        content(path, file)
    except ValueError as error:
        return str(error)
    return None


def set_aside(path, file):
    """Move a damaged file away; return whether another process has put a good one in its place."""
    aside = path.with_name(path.name + ".damaged")
    with contextlib.suppress(OSError):  # in a read-only folder, its sum still keeps it unused
        path.replace(aside)
        if damage(aside, file) is None:  # judged after the move: nobody else can exchange it now
            aside.replace(path)
    return damage(path, file) is None
