"""Daily temperatures: the minimum of each day in Melbourne, 1981 to 1990, in °C.

The last days of the leap years 1984 and 1988 are missing: 3,650 days.
"""

from nnlab.datasets._tables import read_published
from nnlab.datasets.sets import Dataset
from nnlab.datasets.sets.sunspots import csv_file

DATASET = Dataset(
    name="temperatures",
    title="Melbourne, daily",
    source="Time Series Data Library (R. J. Hyndman), from the Australian Bureau of Meteorology; "
    "github.com/jbrownlee/Datasets",
    license="none stated",
    read=read_published,
    files=(
        csv_file(
            "daily-min-temperatures.csv",
            67_921,
            "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da",
        ),
    ),
    stand_in="seasons",
)
