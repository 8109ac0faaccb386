"""The arithmetic of the bench: what is counted, what is compared with what."""

import ast
import functools
import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from nnlab.datasets import load_weights
from nnlab.models import box_loss, build_detector, draw_targets, focal_loss

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    yield
    for name in ("detector", "levers", "loops", "measure", "report", "transfer"):
        sys.modules.pop(name, None)


def result(workload, **rounds):
    trials = [
        {"contestant": name, "run": 0, "examples": 100, "flops": 2e6, "peak_mb": 50, "rounds": each}
        for name, each in rounds.items()
    ]
    return {"workload": workload, "contest": "throughput", "matrix_rate": [1e9], "trials": trials}


def test_the_first_round_of_a_trial_does_not_count_for_its_throughput(bench):
    import report

    table = report.throughput_table(
        result("mlp", ours=[(9.0, None), (11.0, None)], peer=[(1.0, None), (5.0, None)])
    )
    assert "| ours | 50 | 1.00× | 10% | 50 MB |" in table
    assert "| peer | 25 | 2.00× | 5% | 50 MB |" in table


def test_time_to_quality_is_when_ours_is_as_good_as_the_peer_at_its_end(bench):
    import report

    [row] = report.quality_rows(
        result(
            "cnn", ours=[(1.0, 0.90), (2.0, 0.97), (4.0, 0.99)], peer=[(10.0, 0.91), (20.0, 0.97)]
        )
    )
    assert "peer: 0.97 in 20 s" in row
    assert "| 2 s | 1/10.0 |" in row


def test_a_loss_counts_from_the_peers_best_round(bench):
    import report

    [row] = report.quality_rows(
        result("text", ours=[(5.0, 1.6)], peer=[(10.0, 1.7), (20.0, 1.5), (30.0, 1.6)])
    )
    assert "peer: 1.5 in 20 s" in row
    assert "not reached" in row


def test_a_run_that_is_not_over_does_not_count(bench, tmp_path):
    import report

    known = result("mlp", ours=[(9.0, None), (11.0, None)], peer=[(1.0, None), (5.0, None)])
    (tmp_path / "whole.json").write_text(json.dumps(known))
    known["trials"].append({**known["trials"][0], "run": 1})
    (tmp_path / "interrupted.json").write_text(json.dumps(known))
    found = report.read_results(tmp_path)
    assert found["interrupted"] == found["whole"]
    assert report.throughput_table(found["interrupted"])


def test_the_page_of_results_says_what_was_measured(bench):
    import report

    page = (BENCH / "README.md").read_text(encoding="utf-8")
    written = page.split(report.BEGIN)[1].split(report.END)[0].strip()
    assert written == report.text_of(report.read_results()), "python bench/report.py mends it"


def test_arithmetic_is_counted_from_kernels_and_places(bench):
    import measure

    images = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3),
            layers.Flatten(),
            layers.Dense(10),
        ]  # 6 × 6 places, 144 inputs
    )
    assert measure.training_flops(images) == 6 * (36 * 9 * 4 + 144 * 10)
    upwards = keras.Sequential(
        [keras.Input((7, 7, 2)), layers.Conv2DTranspose(3, 4, 2, padding="same")]
    )
    assert measure.training_flops(upwards) == 6 * 49 * 16 * 2 * 3
    text = keras.Sequential(
        [keras.Input((None, 5)), layers.GRU(4, return_sequences=True), layers.Dense(6)]
    )
    assert measure.training_flops(text, length=10) == 6 * 10 * (5 * 12 + 4 * 12 + 4 * 6)


def test_networks_of_unlike_size_are_no_peers(bench, monkeypatch):
    import measure

    trials = iter([{"rate": 1e9}, {"weights": 7}, {}, {"weights": 8}])
    monkeypatch.setattr(measure, "child", lambda *_: {"rounds": [(1.0, None)], **next(trials)})
    found = measure.rounds("mlp.py", "throughput", ["ours", "serving", "peer"], 1, True)
    assert len(next(found)["trials"]) == 1
    next(found)
    with pytest.raises(AssertionError, match="not the same network"):
        next(found)


def test_runs_are_added_to_those_of_an_earlier_day(bench, monkeypatch, tmp_path):
    import measure

    def write(contestants, **changes):
        trials = [{"contestant": name, "run": 0, "rounds": [(9.0, None)]} for name in contestants]
        # and a second run, interrupted after its first contestant
        result = {"matrix_rate": [1e9, 2e9], "trials": [*trials, {**trials[0], "run": 1}]}
        facts = {"workload": "mlp", "contest": "quality", "quick": False}
        facts |= {"machine": measure.machine(), **changes}
        path = tmp_path / "mlp-quality.json"
        path.write_text(json.dumps(facts | result))
        return path

    def compare(*names):
        measure.compare("mlp.py", {"quality": dict.fromkeys(names)})

    monkeypatch.setattr(measure, "child", lambda *_: {"rate": 3e9, "rounds": [(1.0, None)]})
    path = write(["ours", "peer"])
    monkeypatch.setattr(measure.typer, "run", lambda main: main(runs=2, more=True, out=tmp_path))
    compare("ours", "peer")
    result = json.loads(path.read_text())
    assert [trial["run"] for trial in result["trials"]] == [0, 0, 1, 1, 2, 2]
    assert [trial["rounds"][0][0] for trial in result["trials"]] == [9, 9, 1, 1, 1, 1]
    assert result["matrix_rate"] == [1e9, 3e9, 3e9]

    without = {**measure.machine(), "torch": "not installed"}
    monkeypatch.setattr(measure, "machine", lambda: {**without, "torch": "2.0"})
    path = write(["ours", "peer"], machine=without)
    compare("ours", "peer")
    assert len(json.loads(path.read_text())["trials"]) == 6

    for wrong in ({"machine": {"cores": 99}}, {"quick": True}):
        path = write(["ours", "peer"], **wrong)
        kept = path.read_text()
        with pytest.raises(SystemExit, match="begin anew"):
            compare("ours", "peer")
        assert path.read_text() == kept
    write(["ours", "peer"])
    with pytest.raises(SystemExit, match="contestants"):
        compare("ours", "new", "peer")
    path.unlink()
    compare("ours", "peer")
    assert [trial["run"] for trial in json.loads(path.read_text())["trials"]] == [0, 0, 1, 1]


def test_all_earlier_results_are_looked_at_before_the_first_run(bench, monkeypatch, tmp_path):
    import measure

    facts = {"workload": "mlp", "contest": "second", "quick": False, "machine": {"cores": 99}}
    (tmp_path / "mlp-second.json").write_text(json.dumps(facts | {"trials": [], "matrix_rate": []}))
    monkeypatch.setattr(measure, "child", lambda *_: pytest.fail("it ran"))
    monkeypatch.setattr(measure.typer, "run", lambda main: main(more=True, out=tmp_path))
    with pytest.raises(SystemExit, match="begin anew"):
        measure.compare("mlp.py", {"first": {"ours": None}, "second": {"ours": None}})


def test_features_by_hand_are_those_of_nnlab(bench):
    torch = pytest.importorskip("torch")
    import transfer

    arrays = load_weights("random_squeezenet").layers
    photos = np.random.default_rng(0).integers(256, size=(2, 63, 63, 3), dtype=np.uint8)
    model, _ = transfer.keras_extractor(arrays, photos.shape[1:])
    ours = ops.convert_to_numpy(model(photos.astype(np.float32)))
    with torch.inference_mode():
        theirs = transfer.torch_extractor(arrays)(torch.from_numpy(photos).permute(0, 3, 1, 2))
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-4, atol=1e-4)
    assert ours.std() > 0.01


def test_the_detector_by_hand_has_the_losses_and_the_weights_of_nnlab(bench):
    torch = pytest.importorskip("torch")
    import detector

    rng = np.random.default_rng(0)
    boxes = [[8, 8, 60, 50], [30, 20, 90, 70]]
    true = draw_targets(boxes, [0, 2], image_shape=(72, 96, 3), num_classes=3)
    heat = rng.uniform(0.01, 0.99, (1, 9, 12, 3)).astype(np.float32)
    box = rng.uniform(0, 5, (1, 9, 12, 4)).astype(np.float32)
    pairs = ((heat, box), (true["heat"][None], true["box"][None]))
    found, wanted = (list(map(ops.convert_to_tensor, pair)) for pair in pairs)
    ours = focal_loss(wanted[0], found[0]) + box_loss(wanted[1], found[1])
    joined = [torch.from_numpy(np.concatenate(pair, -1)).permute(0, 3, 1, 2) for pair in pairs]
    assert detector.torch_loss(*joined).item() == pytest.approx(float(ours), rel=1e-4)
    filters = (4, 8, 8, 16, 16)
    by_hand = detector.torch_detector(filters)
    assert by_hand(torch.zeros(1, 3, 72, 96)).shape == (1, 7, 9, 12)
    network = build_detector((72, 96, 3), 3, filters=filters)
    weights = sum(parameter.numel() for parameter in by_hand.parameters())
    assert weights == sum(np.prod(each.shape) for each in network.trainable_variables)


@functools.cache
def learned(**changes):
    """Return the losses of five steps of a GRU, the usual one or one with changes, and its weights.

    All begin with the same weights.
    """
    import levers

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 7, (2, 40, 9))
    model = levers.network(7, 5, **changes)
    model.set_weights([3 * rng.normal(size=each.shape) for each in model.get_weights()])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)
    return [model.train_on_batch(x, y) for _ in range(5)], model.get_weights()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="written for TensorFlow")
@pytest.mark.parametrize("look_up", [False, True])
@pytest.mark.parametrize("summed", [False, True])
def test_a_lean_gru_learns_what_that_of_keras_learns(bench, look_up, summed):
    losses, weights = learned()
    lean_losses, lean_weights = learned(look_up=look_up, summed=summed)
    np.testing.assert_allclose(lean_losses, losses, rtol=1e-5)
    for ours, theirs in zip(lean_weights, weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_notebook_settings_are_those_of_a_full_run(bench, monkeypatch):
    import measure

    monkeypatch.setenv("NNLAB_QUICK", "1")
    assert measure.notebook_settings("01_mnist_mlp")["EPOCHS"] == 10


def settings_read(path):
    """Return (notebook, setting) of each setting that a function of a program reads by its name."""
    found = set()
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            nodes = list(ast.walk(function))
            calls = [node for node in nodes if isinstance(node, ast.Call)]
            names = [c.args[0].value for c in calls if ast.unparse(c.func) == "notebook_settings"]
            reads = [node for node in nodes if isinstance(node, ast.Subscript)]
            reads = [read for read in reads if ast.unparse(read.value) == "settings"]
            for name in names[:1]:
                found |= {(name, read.slice.value) for read in reads}
    return found


@pytest.mark.parametrize("path", sorted(BENCH.glob("*.py")), ids=lambda path: path.name)
def test_a_program_reads_only_settings_that_the_notebook_has(bench, path):
    import measure

    for notebook, setting in settings_read(path):
        assert setting in measure.notebook_settings(notebook), f"{notebook} sets no {setting}"


NOT_OF_THE_TRAINING = {"QUICK", "DATASET", "PROMPT", "BACKUP", "NUM_GENERATED"}
NOT_OF_THE_TRAINING |= {"EPOCHS", "PRECISION"}  # each contestant says its own
NOT_OF_OTHERS = ("EPOCHS_DIGITS", "CLOTHES_SHIFT", "TABLE_", "SPOT_STEPS", "MAX_", "MIN_")


@pytest.mark.parametrize("path", ["mlp.py", "cnn.py", "text.py", "dcgan.py"])
def test_a_notebook_in_time_to_quality_is_trained_by_its_whole_recipe(bench, path):
    import measure

    read = settings_read(BENCH / path)
    [notebook] = {name for name, _ in read}
    recipe = set(measure.notebook_settings(notebook)) - NOT_OF_THE_TRAINING
    recipe = {setting for setting in recipe if not setting.startswith(NOT_OF_OTHERS)}
    assert recipe == {setting for _, setting in read}


def test_the_check_notices_what_the_programs_read(bench):
    read = set()
    for path in BENCH.glob("*.py"):
        read |= settings_read(path)
    assert {("02_cnn_classification", "FILTERS"), ("04_dcgan", "LATENT_DIM")} <= read
