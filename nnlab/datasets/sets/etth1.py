"""ETTh1: six loads and the oil temperature of an electricity transformer, hourly, 2016 to 2018.

17,420 hours of seven series: high, middle and low load, useful and useless each (HUFL, HULL, MUFL,
MULL, LUFL, LULL), and the oil temperature (OT). The usual parts are 12, 4 and 4 months of 30 days,
rows 0 to 8,639, 8,640 to 11,519 and 11,520 to 14,399; what follows is not used.
"""

from nnlab.datasets._tables import read_published
from nnlab.datasets.sets import DataFile, Dataset


def csv_file(name, size, sha256):
    """Return the `DataFile` of a transformer."""
    place = f"ETT-small/{name}"
    return DataFile(
        path=f"ett/{name}",
        urls=(
            f"https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/{place}",
            f"https://github.com/zhouhaoyi/ETDataset/raw/main/{place}",
            f"https://raw.githubusercontent.com/unit8co/darts/master/datasets/{name}",
        ),
        download_bytes=size,
        content_bytes=size,
        content_sha256=sha256,
    )


DATASET = Dataset(
    name="etth1",
    title="loads, hourly",
    source="Haoyi Zhou et al.: ETDataset, 2021, github.com/zhouhaoyi/ETDataset",
    license="CC BY-ND 4.0",
    read=read_published,
    files=(
        csv_file(
            "ETTh1.csv",
            2_589_657,
            "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
        ),
    ),
    stand_in="loads",
)
