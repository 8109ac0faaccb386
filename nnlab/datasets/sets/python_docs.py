"""Python docs: the help topics of this Python, half a million characters that vary by version."""

import platform

from nnlab.datasets.sets import Dataset


def read(_contents):
    """Return the text."""
    from pydoc_data.topics import topics

    return "\n\n".join(topics[key].strip() for key in sorted(topics))


DATASET = Dataset(
    name="python_docs",
    title="Python's help",
    source="Python Software Foundation: the help topics in pydoc_data.topics "
    f"of Python {platform.python_version()}",
    license="PSF-2.0",
    read=read,
)
