"""ETTh2: a second electricity transformer, with the hours and the series of ETTh1."""

from nnlab.datasets._tables import read_published
from nnlab.datasets.sets import Dataset
from nnlab.datasets.sets.etth1 import csv_file

DATASET = Dataset(
    name="etth2",
    title="loads, hourly",
    source="Haoyi Zhou et al.: ETDataset, 2021, github.com/zhouhaoyi/ETDataset",
    license="CC BY-ND 4.0",
    read=read_published,
    files=(
        csv_file(
            "ETTh2.csv",
            2_417_960,
            "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b",
        ),
    ),
    stand_in="loads",
)
