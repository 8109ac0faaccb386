"""Pictures that a notebook's Markdown takes from files beside it, put into its page."""

import base64
import html
import mimetypes
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

MAX_PICTURE = 5_000_000  # bytes of one picture
MAX_PICTURES = 20_000_000  # bytes of all pictures of a page
IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
SOURCE = re.compile(
    r"""(?<![\w-])src\s*=\s*(["']?)(?!data:)(?P<address>.*?)\1(?=\s|/?>)""", re.IGNORECASE
)


def embed_pictures(page, folder):
    """Return HTML in which pictures from files in a folder are data URIs.

    What is missing, no picture, too large or outside the folder, be it by a link, stays as it is:
    the browser shows its alternative text.
    """
    pieces = []
    end = 0  # of what is in pieces
    room = MAX_PICTURES
    for image in IMAGE.finditer(page):
        if 'src="data:' in image[0]:  # long: not to be searched
            continue
        source = SOURCE.search(image[0])
        if not source:
            continue
        uri = _data_uri(html.unescape(source["address"]), folder, min(room, MAX_PICTURE))
        if not uri:
            continue
        room -= len(uri) * 3 // 4
        pieces += [page[end : image.start() + source.start("address")], uri]
        end = image.start() + source.end("address")
    return "".join([*pieces, page[end:]])


def _data_uri(address, folder, most):
    """Return a picture of at most so many bytes as a data URI, "" where none may be shown."""
    try:
        parts = urlsplit(address)
        name = unquote(parts.path)
        if parts.scheme or parts.netloc or PurePosixPath(name).is_absolute():
            return ""
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            return ""
        kind = mimetypes.guess_type(path.name)[0] or ""
        if not kind.startswith("image/") or path.stat().st_size > most:
            return ""
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    except (OSError, ValueError, RuntimeError):  # no path, not to be read, links in a circle
        return ""
