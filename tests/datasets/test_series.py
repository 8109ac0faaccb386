"""Time series: published files, whole or damaged, a reader's own table, and what stands in."""

import gzip
import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest

from nnlab.datasets import _files, load_series, series

pytestmark = pytest.mark.usefixtures("cache_folder")

HOURLY = b"""date,HUFL,OT
2016-07-01 00:00:00,5.827000141143799,30.5310001373291
2016-07-01 01:00:00,5.692999839782715,27.78700065612793
2016-07-01 02:00:00,-1,27.78700065612793
"""
MONTHLY = b'"Month","Sunspots"\r\n"1749-01",58.0\r\n"1749-02",62.6\r\n"1749-04",55.7'


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Return a function that provides bytes as the file of etth1 or of sunspots, tiny ones here."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "provided"))
    for name, content in (("etth1", HOURLY), ("sunspots", MONTHLY)):
        published = series.DATASETS[name]
        sums = {
            "content_bytes": len(content),
            "content_sha256": hashlib.sha256(content).hexdigest(),
        }
        tiny = replace(published.files[0], **sums)
        monkeypatch.setitem(series.DATASETS, name, replace(published, files=(tiny,)))

    def write(name, content):
        path = tmp_path / "provided" / series.DATASETS[name].files[0].path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


# ---- published files -----------------------------------------------------------------------------


def test_a_published_table_becomes_times_and_values_with_their_source(put):
    put("etth1", HOURLY)
    data = load_series("etth1")
    assert data.times.dtype == "datetime64[s]"
    assert np.diff(data.times).tolist() == [np.timedelta64(3600, "s")] * 2
    assert data.values.dtype == np.float64
    assert data.values.tolist() == [
        [5.827000141143799, 30.5310001373291],
        [5.692999839782715, 27.78700065612793],
        [-1, 27.78700065612793],
    ]
    assert (data.series_names, data.num_series) == (("HUFL", "OT"), 2)
    assert (data.name, data.license) == ("etth1", "CC BY-ND 4.0")
    assert "ETDataset" in data.source


def test_quotes_and_line_ends_of_other_systems_are_no_part_of_the_values(put):
    put("sunspots", MONTHLY)
    data = load_series("sunspots")
    assert data.times.tolist() == np.array(["1749-01", "1749-02", "1749-04"], "M8[M]").tolist()
    assert data.values.tolist() == [[58.0], [62.6], [55.7]]
    assert data.series_names == ("Sunspots",)


def test_a_file_packed_by_gzip_under_its_published_name_is_as_good(put):
    put("etth1", gzip.compress(HOURLY))
    assert load_series("etth1").values.shape == (3, 2)


@pytest.mark.parametrize(
    "content",
    [
        HOURLY[:-20],
        HOURLY.replace(b"5.827", b"5.828"),
        HOURLY.replace(b"\n", b"\r\n"),
        HOURLY.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + HOURLY,
        b"",
        b"<html>Please log in</html>",
        HOURLY * 2,
    ],
    ids=["cut", "tampered", "line ends", "utf-16", "marked", "empty", "web page", "twice"],
)
def test_a_file_with_any_other_byte_is_refused_and_left_as_it_is(put, content):
    path = put("etth1", content)
    with pytest.raises(ValueError, match=r"is damaged: expected 1\d\d bytes with sha256"):
        load_series("etth1", offline="loads")
    assert _files.state(series.DATASETS["etth1"]) == "damaged"
    assert path.read_bytes() == content


def test_without_a_network_the_error_names_what_stands_in():
    with pytest.raises(FileNotFoundError, match='load with offline="loads"'):
        load_series("etth1")
    with pytest.raises(FileNotFoundError, match='load with offline="seasons"'):
        load_series("sunspots")
    with pytest.warns(UserWarning, match="loads stands in for etth2"):
        assert load_series("etth2", offline="loads").name == "loads"


def test_an_address_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.delenv("NNLAB_OFFLINE")
    published = series.DATASETS["sunspots"]
    nobody = replace(published.files[0], urls=("http://127.0.0.1:9/monthly-sunspots.csv",))
    monkeypatch.setitem(series.DATASETS, "sunspots", replace(published, files=(nobody,)))
    with pytest.raises(FileNotFoundError, match=r"tried .*127\.0\.0\.1:9.*no connection"):
        load_series("sunspots")


def test_an_unknown_name_is_refused_with_the_known_ones_and_the_way_to_an_own_file(
    tmp_path, monkeypatch
):
    with pytest.raises(ValueError, match=r"no series data set called 'ett'; known are etth1, "):
        load_series("ett")
    with pytest.raises(ValueError, match="cannot stand in for etth1"):
        load_series("etth1", offline="digits")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_bytes(MONTHLY)
    with pytest.raises(ValueError, match=r"load_series\(Path\('mine\.csv'\)\)"):
        load_series("mine.csv")


# ---- a reader's own file -------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    """Return a function that loads a text, or bytes, as a reader's own file."""

    def load(content):
        path = tmp_path / "shop.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_series(path)

    return load


def test_times_may_be_said_to_be_in_utc(own):
    data = own("t,n\n2024-01-01T00:00Z,1\n2024-01-01T01:00Z,2")
    assert data.times.tolist() == np.array(["2024-01-01T00:00", "2024-01-01T01:00"], "M8").tolist()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_an_own_table_is_read_whatever_separates_its_columns(own, separator):
    text = '"day","visits","sales, €"\n"2024-01-30","3","1.5"\n"2024-02-01","4","-2e3"\n\n'
    data = own(text.replace('","', f'"{separator}"'))
    assert data.times.tolist() == np.array(["2024-01-30", "2024-02-01"], "M8[D]").tolist()
    assert data.values.tolist() == [[3, 1.5], [4, -2000]]
    assert data.series_names == ("visits", "sales, €")
    assert (data.name, data.license) == ("shop", "your own file")
    assert data.source.endswith(f"{os.sep}shop.csv")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected text, got an empty file"),
        ("day\n2024-01-01\n2024-01-02", r"got 3 rows and the first line 'day'"),
        ("day,n\n2024-01-01,1", r"got 2 rows"),
        ("day,n\n2024-01-01,1\n2024-01-02,2,3", r"line 3: expected 2 cells.*\['2024-01-02'"),
        ("day,n\n31.1.2024,1\n1.2.2024,2", r"line 2: expected a time such as .* got '31\.1\.2024'"),
        ("day,n\n2024-01-01,1\n,2", "line 3: expected a time .* got ''"),
        ("day;n\n2024-01-01;1,5\n2024-01-02;2", "line 2: expected a number .* got '1,5'"),
        ("day,n\n2024-01-01,1\n2024-01-02,", "line 3: expected a number .* got ''.* missing"),
        ("day,n\n2024-01-01,1\n2024-01-02,nan", "line 3: expected a number .* got 'nan'"),
        ("day,n\n2024-01-01,1\n2024-01-02,inf", "line 3: expected a number .* got 'inf'"),
        ("d,n\n2024-01-02,1\n2024-01-01,2", "line 3: .* got 2024-01-01 after 2024-01-02: sort"),
        ("d,n\n2024-01-01,1\n2024-01-01,2", "line 3: expected a time after that of the row before"),
        ("d,n\n\n2024-01-02,1\n\n2024-01-01,2", "line 5: .* got 2024-01-01 after 2024-01-02"),
        ("\nday;n\n2024-01-01;x\n2024-01-02;2", "line 3: expected a number .* got 'x'"),
        ("2024-01-01,1\n2024-01-02,2\n2024-01-03,3", "line 1: expected the names .*'2024-01-01'"),
        (",n\n0,1\n1,2", "line 2: expected a time .* got '0'"),
        ("d,n\n20240101,1\n20240102,2", "line 2: expected a time .* got '20240101'"),
        ("d,n\n2024-01-01,1\ntoday,2", "line 3: expected a time .* got 'today'"),
        ("t,n\n2016-07-01 00:00:00.0000000000,1\n2016-07-02,2", "line 2: expected a time"),
        ("d,n\n2024-02-30,1\n2024-03-01,2", "line 2: expected a time .* got '2024-02-30'"),
        ("t,n\n2024-01-01 00:00+01:00,1\n2024-01-01 01:00+01:00,2", "of time zones only Z, UTC"),
        ('d,n\n"2024-01-01,1\n' + 9_000 * "2024-01-01,1\n" * 2, "quotation mark opened"),
    ],
)
def test_an_own_table_that_is_none_is_refused_with_the_line_and_what_to_do(own, text, problem):
    with pytest.raises(ValueError, match=rf"shop\.csv.*{problem}"):
        own(text)


def test_an_own_table_in_another_encoding_gets_the_advice_for_it(own):
    with pytest.raises(ValueError, match=r"shop\.csv: expected UTF-8 text.*iconv -f cp1252"):
        own("day,Erlöse\n2024-01-01,1\n2024-01-02,2".encode("cp1252"))
    with pytest.raises(ValueError, match=r"expected UTF-8 text.*zip archive"):
        own(b"PK\3\4" + bytes(99))


def test_a_table_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "shop.csv", tmp_path):
        with pytest.raises(FileNotFoundError, match="is no file here: name a text file"):
            load_series(path)


# ---- made up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "period"), [("loads", (14_400, 7), 24), ("seasons", (240, 1), 12)]
)
def test_made_up_series_have_a_season_and_are_the_same_each_time(name, shape, period):
    data = load_series(name)
    assert data.values.shape == shape
    assert len(data.series_names) == data.num_series == shape[1]
    assert len(set(np.diff(data.times).tolist())) == 1
    assert np.isfinite(data.values).all()
    np.testing.assert_array_equal(data.values, load_series(name).values)
    changes = {}
    for lag in (period // 2, period):
        changes[lag] = np.square(data.values[lag:] - data.values[:-lag]).mean(axis=0)
    assert (changes[period] < 0.6 * changes[period // 2]).all()
