"""Write a file whole or not at all: a reader never sees half."""

import os


def write_whole(path, text):
    """Write text as UTF-8 to a path, in the place of what was there.

    Half of a surrogate pair, which UTF-8 has no bytes for, becomes its escape, as JSON writes it.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # another process may write, too
    try:
        part.write_bytes(text.encode("utf-8", "backslashreplace"))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
