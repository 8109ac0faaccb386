"""Files from their public addresses, by pooch: whole and with the right content, or not at all."""

import contextlib
import time
import uuid
import warnings
from urllib.parse import urlsplit

TIMEOUT = (3, 8)  # seconds: until a host is connected, and without a byte from it


def fetch(file, target, check, failed_hosts):
    """Put a file in place of the target; return its content, or None, and why each address failed.

    file: the `DataFile`.
    check: a function (path, file) that returns the content of what was sent, or raises ValueError.
    failed_hosts: a set of hosts that failed before, which are asked last; those that fail now are
        added.
    """
    failures = []
    for url in sorted(file.urls, key=lambda url: urlsplit(url).netloc in failed_hosts):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned_parts(target)
            with whole(target) as part:
                _receive(url, part, file)
                content = check(part, file)
            return content, failures
        except (OSError, ValueError) as error:
            failures.append(f"{url}: {_reason(error)}")
            failed_hosts.add(urlsplit(url).netloc)
    return None, failures


@contextlib.contextmanager
def whole(path):
    """Yield another name to write to; then the file gets its own name, or is gone if that failed.

    The other name is nobody else's, so that two processes may write the same file at once.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def pooch():
    """Return the module pooch, imported late and in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its tqdm complains in JupyterLab without ipywidgets
        import pooch as module
    return module


def _receive(url, path, file):
    """Write what an address sends into a file, with a bar on standard error."""
    downloader = pooch().HTTPDownloader
    from tqdm import tqdm

    class Bar(tqdm):
        """A bar that goes on where a server does not tell the size: there pooch sees none."""

        def __bool__(self):
            return True

        def reset(self, total=None):  # pooch's last word; then it counts up to the size
            if self.total:
                super().reset(total)

    name = file.path.rpartition("/")[2]
    with Bar(desc=name, total=file.download_bytes, unit="B", unit_scale=True, ncols=79) as bar:
        download = downloader(progressbar=bar, chunk_size=2**16, timeout=TIMEOUT)
        download(url, str(path), None)


def _reason(error):
    """Return in a few words why an address failed; what requests says fills several lines."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.RequestException):
        return f"no connection, or it broke ({type(error).__name__})"
    return str(error)


def _remove_abandoned_parts(target, seconds=3600):
    """Remove what processes left that were killed while they fetched this file, an hour ago."""
    for part in target.parent.glob(f".{target.name}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > seconds:
                part.unlink()
