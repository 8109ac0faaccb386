"""Airline passengers: thousands of each month, January 1949 to December 1960."""

from nnlab.datasets._tables import read_published
from nnlab.datasets.sets import Dataset
from nnlab.datasets.sets.sunspots import csv_file

DATASET = Dataset(
    name="passengers",
    title="airline, monthly",
    source="Time Series Data Library (R. J. Hyndman), from Box and Jenkins: Time Series Analysis, "
    "1976; github.com/jbrownlee/Datasets",
    license="none stated",
    read=read_published,
    files=(
        csv_file(
            "airline-passengers.csv",
            2_180,
            "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
        ),
    ),
    stand_in="seasons",
)
