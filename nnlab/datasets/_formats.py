"""What a file holds: packed by gzip or not, the members of an archive, an array in the IDX format.

Files from elsewhere are not trusted. Nothing is written to disk, and no more is unpacked than was
asked for.
"""

import gzip
import hashlib
import io
import math
import stat
import tarfile
import zipfile
import zlib
from fnmatch import fnmatchcase
from functools import partial

import numpy as np

CHUNK = 2**20
MAX_MEMBERS = 200_000  # of an archive
MAX_UNPACKED = 2**30  # bytes of a whole archive
MAX_DIRECTORY = 2**23  # bytes that list the members of a zip archive
MAX_EXTENSION = 2**16  # bytes of a long name, or of other extensions of a tar header
TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")
TAR_EXTENSIONS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def read_file(path, max_bytes):
    """Return the bytes of a file, unpacked where they are packed by gzip.

    Raises ValueError for more than max_bytes, and for a gzip stream that is broken.
    """
    with path.open("rb") as file:
        return _read(_unpacked(file), max_bytes)


def read_members(path, patterns, max_bytes, beginnings=()):
    """Return {path inside the data's own folder: bytes} of a tar or zip archive's data members.

    A tar may be packed by gzip, and may lie inside a zip. The data members are those whose path
    ends as a pattern says: with the pattern ``train/*.txt``, ``top/train/1.txt`` becomes
    ``train/1.txt``. With beginnings, which have one length, only those are read whose path inside
    the data's own folder begins with one of them.

    Raises ValueError for anything but a whole archive, for a data member that is there twice, for a
    link, a device or a path that leads outside anywhere in it, and for more than max_bytes of data,
    MAX_MEMBERS or MAX_UNPACKED.
    """
    contents = {}
    held = 0
    chosen = frozenset(beginnings)
    length = len(beginnings[0]) if beginnings else 0
    try:
        with _SmallReads(path.open("rb", buffering=0)) as file:
            for number, (name, opened) in enumerate(_members(file)):
                if number >= MAX_MEMBERS:
                    raise ValueError(f"more than {MAX_MEMBERS:,} members")
                own_path = _own_path(name, patterns)
                if opened is None or own_path is None:
                    continue
                if chosen and own_path[:length] not in chosen:
                    continue
                if own_path in contents:
                    raise ValueError(f"the member {own_path} twice")
                with opened() as stream:
                    contents[own_path] = _read(stream, max_bytes, held)
                held += len(contents[own_path])
    except ValueError:
        raise
    except Exception as error:  # readers of archives raise a dozen kinds on damaged ones
        raise ValueError(f"no whole archive ({error or type(error).__name__})") from error
    return contents


def listing_sha256(contents):
    """Return the SHA-256 of lines ``<sha256>  <path>``, each ended by a line feed, sorted by path.

    So what an archive holds has one sum, whatever the order and the packing, its notes and its top
    folder.
    """
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {path}\n"
        for path, content in sorted(contents.items())
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_idx(content):
    """Return the array in the bytes of an IDX file: uint8, int8, int16, int32, float32 or float64.

    The format: two zero bytes, a type byte, the number of dimensions (here 1 to 8), each dimension
    as a big-endian uint32, then the values, big-endian, the last dimension running fastest.
    Anything else is a ValueError.

    content: bytes, or a bytearray, whose memory the array then shares.
    Source: Y. LeCun, C. Cortes, C. Burges, the MNIST page, "The IDX file format".
    """
    types = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
    magic = bytes(content[:4])
    known = len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in types
    if not known or not 1 <= magic[3] <= 8:
        raise ValueError(
            "expected an IDX file, which begins with 00 00, a type 08 09 0b 0c 0d or 0e, and "
            f"01 to 08 dimensions, got {magic.hex(' ')!r}"
        )
    start = 4 + 4 * magic[3]
    shape = tuple(np.frombuffer(content[4:start].ljust(start - 4, b"\0"), ">u4").tolist())
    dtype = np.dtype(types[magic[2]])
    size = math.prod(shape) * dtype.itemsize  # Python integers do not overflow
    if size == 0 or len(content) != start + size:
        raise ValueError(
            f"expected an IDX file with {size:,} bytes of values, at least 1, for the shape "
            f"{shape}, got {max(0, len(content) - start):,}"
        )
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)


def _read(stream, max_bytes, held=0):
    """Return all a stream holds, a bytearray; with what is held already, max_bytes at most."""
    content = bytearray()
    left = max_bytes - held
    try:
        while chunk := stream.read(min(CHUNK, left + 1 - len(content))):
            content += chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"a broken gzip stream ({error})") from error
    if len(content) > left:
        raise ValueError(f"more than {max_bytes:,} bytes")
    return content


def _unpacked(file):
    """Return a stream of what a file holds; it has to offer ``peek``."""
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == b"\x1f\x8b" else file


def _members(file):
    """Yield the path of each member of an archive, and what opens it, None for a folder."""
    budget = [MAX_UNPACKED]
    if file.peek(4)[:4] == b"PK\3\4":
        yield from _zip_members(file, budget)
    else:
        yield from _tar_members(file, budget)


def _zip_members(file, budget):
    with zipfile.ZipFile(file) as archive:
        for header in archive.infolist():
            kind = stat.S_IFMT(header.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"a link or a device: {header.filename!r}")
            if header.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{header.filename!r} packed in an unusual way")
            inner_tar = header.filename.lower().endswith(TAR_ENDINGS)
            if inner_tar and not _hidden(header.filename.split("/")):
                yield header.filename, None
                with archive.open(header) as inner:
                    yield from _tar_members(inner, budget)
            else:
                yield header.filename, None if header.is_dir() else partial(archive.open, header)


def _tar_members(file, budget):
    stream = _Bounded(_unpacked(file), budget)
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:
        while (header := archive.next()) is not None:
            archive.members = []  # else it keeps all that were seen
            if not header.isdir() and (not header.isreg() or header.issparse()):
                raise ValueError(f"a link or a device: {header.name!r}")
            if not 0 <= header.size <= MAX_UNPACKED:
                raise ValueError(f"{header.name!r}, which claims {header.size:,} bytes")
            yield header.name, None if header.isdir() else partial(archive.extractfile, header)


def _own_path(name, patterns):
    """Return the path of a data member inside the data's own folder, None for what is no data."""
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or name[1:2] == ":" or ".." in parts:
        raise ValueError(f"a path that leads outside: {name!r}")
    if _hidden(parts):
        return None
    for pattern in patterns:
        own_path = "/".join(parts[-1 - pattern.count("/") :])
        if fnmatchcase(own_path, pattern):
            return own_path
    return None


def _hidden(parts):
    """Return whether a path is of a hidden file, as macOS adds them to a zip."""
    return any(part.startswith((".", "__MACOSX")) for part in parts if part != ".")


class _SmallReads(io.BufferedReader):
    """A file that is not read in large pieces: zipfile reads the list of all members in one."""

    def read(self, size=-1):
        if size is not None and size > MAX_DIRECTORY:
            raise ValueError(f"a list of members of {size:,} bytes")
        return super().read(size)


class _Bounded:
    """A stream that spends a budget, [bytes left], which all tars of one archive share."""

    def __init__(self, stream, budget):
        self.stream = stream
        self.budget = budget

    def read(self, size):
        data = self.stream.read(size)
        self.budget[0] -= len(data)
        if self.budget[0] < 0:
            raise ValueError(f"more than {MAX_UNPACKED:,} bytes unpacked")
        return data


class _Header(tarfile.TarInfo):
    """A header whose extensions are small: tarfile reads them whole."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        header = super().frombuf(buf, encoding, errors)
        if header.type in TAR_EXTENSIONS and header.size > MAX_EXTENSION:
            raise ValueError(f"an extension of a tar header of {header.size:,} bytes")
        return header
