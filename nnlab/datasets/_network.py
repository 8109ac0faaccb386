"""What one address sends, within seconds or not at all; pooch does the downloading."""

import threading
import time
import warnings

CONNECT_SECONDS = 3
PATIENCE_SECONDS = 8  # a host that sends no byte for so long counts as dead


def receive(url, stream, file):
    """Write what an address sends into the stream.

    pooch works in a thread of its own, because a name server or a long list of silent addresses can hold it for
    minutes: whoever sends no byte for PATIENCE_SECONDS is left behind, and then writes into a closed stream.
    """
    from tqdm import tqdm

    responses, outcome = [], OSError("the download stopped")
    with tqdm(
        desc=file.path.rpartition("/")[2],
        total=file.size,
        unit="B",
        unit_scale=True,
        ncols=79,
        delay=0.5,
    ) as bar:
        sink = _Sink(stream, file.max_bytes, bar)
        fetch = pooch().HTTPDownloader(
            chunk_size=8192,
            timeout=(CONNECT_SECONDS, PATIENCE_SECONDS),
            headers={"Accept-Encoding": "identity"},
            hooks={"response": lambda response, **_: responses.append(response)},
        )

        def work():
            nonlocal outcome
            try:
                outcome = fetch(url, sink, None)  # None
            except (OSError, ValueError) as error:
                outcome = error
            finally:
                for (
                    response
                ) in responses:  # pooch leaves the connection open when something goes wrong
                    response.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.1)
            if time.monotonic() - sink.last_byte > PATIENCE_SECONDS:
                raise TimeoutError(f"no answer for {PATIENCE_SECONDS} s")
    if outcome is not None:
        raise outcome


class _Sink:
    """What pooch writes into: passes bytes on to a stream, up to a limit, and knows when the last one came."""

    def __init__(self, stream, limit, bar):
        self.stream, self.limit, self.bar = stream, limit, bar
        self.size, self.last_byte = 0, time.monotonic()

    def write(self, chunk):
        self.size += len(chunk)
        if self.size > self.limit:
            raise ValueError(f"sent more than {self.limit:,} bytes, which is no copy of this file")
        self.stream.write(chunk)
        self.bar.update(len(chunk))
        self.last_byte = time.monotonic()

    def flush(self):
        self.stream.flush()


def reason(error):
    """Return in a few words why an address failed; what requests says fills several lines."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.RequestException):
        return f"no connection, or it broke ({type(error).__name__})"
    return str(error)


def pooch():
    """Return the module pooch, imported late and in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # in JupyterLab without ipywidgets, its import of tqdm.auto complains
        import pooch as module
    return module
