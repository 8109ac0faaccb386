"""examples/serving: folders that large servers read, in the form of the servers' own messages."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml
from google.protobuf import text_format

EXAMPLES = Path(__file__).parents[1] / "examples" / "serving"
NAME = "shapes"
pytestmark = pytest.mark.filterwarnings(  # Keras for tf2onnx
    "ignore:In the future `np.object`:FutureWarning"
)


@pytest.fixture(scope="module")
def export():
    specification = importlib.util.spec_from_file_location("export", EXAMPLES / "export.py")
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    return program.export


def small_network(sides=(6, 5)):
    return keras.Sequential(
        [
            keras.Input((*sides, 1)),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def exported(export, tmp_path_factory):
    """Return a folder with two versions of a network beside another network, and the two.

    Also what of a version had its number as soon as a part of it was written, for each part.
    """
    folder = tmp_path_factory.mktemp("models")
    (folder / "tensorflow" / "another").mkdir(parents=True)
    models = {}
    numbered = []
    write = keras.Model.export

    def watched(model, *arguments, **options):
        write(model, *arguments, **options)
        numbered.append([*folder.rglob(str(len(models)))])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "export", watched)
        for version in ("1", "2"):
            models[version] = small_network()
            assert export(models[version], NAME, folder) == version
    return folder, models, numbered


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, 6, 5, 1), np.float32)


def test_triton_reads_its_configuration_and_the_network_answers_as_keras(exported, images):
    import onnxruntime
    from tritonclient.grpc.model_config_pb2 import ModelConfig

    folder, models, _ = exported
    place = folder / "triton" / NAME
    configuration = text_format.Parse((place / "config.pbtxt").read_text("utf-8"), ModelConfig())
    assert configuration.name == place.name
    [given] = configuration.input
    [made] = configuration.output
    assert (list(given.dims), list(made.dims)) == ([6, 5, 1], [4])
    for version, model in models.items():
        session = onnxruntime.InferenceSession(place / version / "model.onnx")
        [answers] = session.run([made.name], {given.name: images})
        np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-5)


def test_tensorflow_serving_reads_its_configuration_and_the_network_answers_as_keras(
    exported, images
):
    import tensorflow
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    folder, models, _ = exported
    text = (folder / "tensorflow" / "models.config").read_text("utf-8")
    configurations = text_format.Parse(text, ModelServerConfig()).model_config_list.config
    assert [each.name for each in configurations] == ["another", NAME]
    assert configurations[1].base_path == f"/models/{NAME}"
    for version, model in models.items():
        network = tensorflow.saved_model.load(str(folder / "tensorflow" / NAME / version))
        [answers] = network.signatures["serving_default"](images=images).values()
        np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-5)


def test_a_version_has_its_number_once_it_is_whole(exported):
    folder, _, numbered = exported
    assert numbered == [[], [], [], []]  # of two versions for two servers
    for server in ("triton", "tensorflow"):
        folders = [path.name for path in (folder / server / NAME).iterdir() if path.is_dir()]
        assert sorted(folders) == ["1", "2"]


def test_triton_is_told_to_look_for_new_versions():
    text = (EXAMPLES / "README.md").read_text("utf-8")
    [command] = [line for line in text.splitlines() if "--model-repository=" in line]
    assert {"--model-control-mode=poll", "--repository-poll-secs=5"} <= set(command.split())


def test_what_no_server_would_read_is_refused_and_nothing_is_written(export, tmp_path):
    with pytest.raises(ValueError, match="a name has letters"):
        export(small_network(), 'we"ird', tmp_path)
    with pytest.raises(ValueError, match=r"fixed size.*None"):
        export(small_network((None, None)), NAME, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_kubernetes_manifest_names_a_folder_of_networks_for_triton():
    service = yaml.safe_load((EXAMPLES / "inference-service.yaml").read_text("utf-8"))
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    assert service["kind"] == "InferenceService"
    predictor = service["spec"]["predictor"]
    assert 1 <= predictor["minReplicas"] <= predictor["maxReplicas"]
    model = predictor["model"]
    assert (model["runtime"], model["modelFormat"]["name"]) == ("kserve-tritonserver", "onnx")
    assert model["protocolVersion"] == "v2"
    assert model["storageUri"].endswith("/models/triton")
