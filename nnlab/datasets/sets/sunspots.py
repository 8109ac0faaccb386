"""Sunspots: the Zürich sunspot number of each month, January 1749 to December 1983."""

from nnlab.datasets._tables import read_published
from nnlab.datasets.sets import DataFile, Dataset


def csv_file(name, size, sha256):
    """Return the `DataFile` of a small series, as it is kept in J. Brownlee's collection."""
    return DataFile(
        path=f"timeseries/{name}",
        urls=(
            f"https://raw.githubusercontent.com/jbrownlee/Datasets/master/{name}",
            f"https://github.com/jbrownlee/Datasets/raw/master/{name}",
        ),
        download_bytes=size,
        content_bytes=size,
        content_sha256=sha256,
    )


DATASET = Dataset(
    name="sunspots",
    title="sunspots, monthly",
    source="Time Series Data Library (R. J. Hyndman), from Andrews and Herzberg: Data, 1985; "
    "github.com/jbrownlee/Datasets",
    license="none stated",
    read=read_published,
    files=(
        csv_file(
            "monthly-sunspots.csv",
            45_039,
            "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f4badd5124c55931052b0cd2fc3bc71f3",
        ),
    ),
    stand_in="seasons",
)
