"""Recordings: spoken digits from whatever archive they come, and what stands in for them."""

import io
import wave

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from nnlab.datasets import _files, audio, load_audio

pytestmark = pytest.mark.usefixtures("cache_folder")


def wav(samples, rate=8_000):
    """Return the bytes of a WAV file of 16 bits, as the standard library writes it."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.array(samples, "<i2").tobytes())
    return buffer.getvalue()


SAMPLES = {
    "recordings/3_theo_10.wav": [1, -2, 300],
    "recordings/3_george_4.wav": [-32768, 32767],
    "recordings/0_theo_4.wav": [5, 6, 7, 8],
    "recordings/9_george_5.wav": [0],
}
MEMBERS = {path: wav(samples) for path, samples in SAMPLES.items()}
OTHERS = {"README.md": b"notes", "recordings/.DS_Store": b"x", "metadata.py": b"print()"}


@pytest.fixture
def put(shrunk):
    """Return a function that puts an archive into a provided folder; four recordings here."""
    return shrunk(audio.DATASETS, "spoken_digits", MEMBERS)


# ---- what is accepted ----------------------------------------------------------------------------


def within(folder, members):
    return {f"{folder}/{name}": content for name, content in members.items()}


@pytest.mark.parametrize(
    ("name", "members"),
    [
        (
            "free-spoken-digit-dataset.zip",
            within("free-spoken-digit-dataset-master", OTHERS | MEMBERS),
        ),
        ("v1.0.10.zip", within("free-spoken-digit-dataset-1.0.10", MEMBERS | OTHERS)),
        ("packed.tar.gz", within("free-spoken-digit-dataset", MEMBERS)),
        ("unpacked.tar", dict(reversed(MEMBERS.items()))),
        ("from a mirror.zip", {"some/folder/original.tar.gz": within("top", MEMBERS)}),
    ],
    ids=["official", "a version", "tar.gz", "tar", "tar in a zip"],
)
def test_spoken_digits_are_read_from_the_official_archive_and_any_that_holds_them(
    put, name, members
):
    path = put(name, members)
    data = load_audio("spoken_digits")
    assert [each.tolist() for each in data.waves] == [
        SAMPLES["recordings/0_theo_4.wav"],
        SAMPLES["recordings/3_george_4.wav"],
        SAMPLES["recordings/9_george_5.wav"],
        SAMPLES["recordings/3_theo_10.wav"],
    ]
    assert {each.dtype for each in data.waves} == {np.dtype("int16")}
    assert (data.labels.dtype, data.takes.dtype) == (np.uint8, np.uint8)
    assert data.labels.tolist() == [0, 3, 9, 3]
    assert data.takes.tolist() == [4, 4, 5, 10]
    assert data.speakers == ("theo", "george", "george", "theo")
    assert data.parts == ("test", "test", "train", "train")
    assert (data.rate, data.num_classes, data.class_names[3]) == (8_000, 10, "three")
    assert (data.name, data.license) == ("spoken_digits", "CC BY-SA 4.0")
    assert "Jackson" in data.source
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


# ---- what is refused -----------------------------------------------------------------------------


RECORDING = "recordings/0_theo_4.wav"
TAMPERED = MEMBERS | {RECORDING: MEMBERS[RECORDING][:-1] + b"\1"}
SHORTER = {path: content for path, content in MEMBERS.items() if path != RECORDING}
MORE = MEMBERS | {"recordings/0_theo_50.wav": wav([0] * 500)}


@pytest.mark.parametrize(
    ("members", "cut", "got"),
    [
        (TAMPERED, None, "with sha256"),
        (SHORTER, None, "with sha256"),
        (MORE, None, "got more than"),
        (MEMBERS | {f"again/{RECORDING}": b""}, None, f"{RECORDING} twice"),
        (MEMBERS | {"../../recordings/0_x_0.wav": b""}, None, "a path that leads outside"),
        (MEMBERS | {"/etc/recordings/0_x_0.wav": b""}, None, "a path that leads outside"),
        (MEMBERS, -100, "no whole archive"),
        (b"<html>Please log in</html>", None, "no whole archive"),
        (b"", None, "no whole archive"),
    ],
    ids=[
        "tampered",
        "missing",
        "more",
        "twice",
        "climbing",
        "absolute",
        "cut",
        "web page",
        "empty",
    ],
)
@pytest.mark.parametrize("kind", ["a.zip", "a.tar.gz"])
def test_an_archive_with_anything_else_is_refused_and_left_as_it_is(put, kind, members, cut, got):
    path = put("free-spoken-digit-dataset.zip", members, kind=kind, cut=cut)
    before = path.read_bytes()
    expected = r"is damaged: expected \d+ bytes in recordings/\*\.wav with sha256"
    with pytest.raises(ValueError, match=expected) as caught:
        load_audio("spoken_digits", offline="formants")
    assert got in str(caught.value)
    assert _files.state(audio.DATASETS["spoken_digits"]) == "damaged"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_unknown_name_is_refused_with_the_known_ones_and_the_way_to_an_own_file():
    with pytest.raises(ValueError, match=r"known are spoken_digits, formants\. A WAV .* read_wav"):
        load_audio("mine.wav")
    with pytest.raises(ValueError, match="cannot stand in for spoken_digits"):
        load_audio("spoken_digits", offline="digits")


def test_without_a_network_the_error_names_the_stand_in():
    with pytest.raises(FileNotFoundError, match='load with offline="formants"'):
        load_audio("spoken_digits")
    with pytest.warns(UserWarning, match="formants stands in for spoken_digits"):
        assert load_audio("spoken_digits", offline="formants").name == "formants"


# ---- formants ------------------------------------------------------------------------------------


def test_formants_are_ten_classes_by_six_speakers_the_same_each_time():
    data = load_audio("formants")
    assert (len(data.waves), len(set(data.speakers)), data.num_classes) == (600, 6, 10)
    assert np.bincount(data.labels).tolist() == [60] * 10
    assert data.parts.count("test") == 120
    assert {each.dtype for each in data.waves} == {np.dtype("int16")}
    assert 2_000 < min(map(len, data.waves)) < max(map(len, data.waves)) < 5_000
    assert min(np.abs(each).max() for each in data.waves) > 4_900
    again = load_audio("formants")
    for one, other in zip(data.waves, again.waves, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_class_of_a_formant_sound_is_its_change_over_time_and_no_speaker_has_it_in_his_pitch():
    data = load_audio("formants")
    views = {"whole": [], "mean": []}
    for each in data.waves:
        pieces = np.array_split(each / np.abs(each).max(), 4)
        spectra = np.array(
            [np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 512)) for piece in pieces]
        )
        coarse = np.log(spectra[:, :256].reshape(4, 32, 8).mean(axis=2) + 0.1)  # (pieces, bands)
        views["whole"].append(coarse.ravel())
        views["mean"].append(coarse.mean(axis=0))
    test = np.array(data.parts) == "test"
    scores = {}
    for name, view in views.items():
        classifier = KNeighborsClassifier(1).fit(np.array(view)[~test], data.labels[~test])
        scores[name] = classifier.score(np.array(view)[test], data.labels[test])
    assert scores["whole"] > 0.9
    assert scores["mean"] < scores["whole"] - 0.1
