"""Write a network into the folders that large servers read: python export.py mnist_cnn models

models/triton/NAME/{config.pbtxt,VERSION/model.onnx} for Triton, by itself or under KServe;
models/tensorflow/{models.config,NAME/VERSION/} for TensorFlow Serving.

NAME is the network's own, or that of its .keras file; VERSION is one more than those that are
there: servers go over to it once it is whole, and clients notice nothing.
"""

import re
import sys
from pathlib import Path

import keras
import onnxruntime

from nnlab.trained import load_trained

TRITON = """name: "{name}"
platform: "onnxruntime_onnx"
max_batch_size: 64
input [{{ name: "images", data_type: TYPE_FP32, dims: {input_shape} }}]
output [{{ name: "{output}", data_type: TYPE_FP32, dims: {output_shape} }}]
dynamic_batching {{ max_queue_delay_microseconds: 1000 }}
version_policy {{ latest {{ num_versions: 2 }} }}
"""
TENSORFLOW = """  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    model_version_policy {{ latest {{ num_versions: 2 }} }}
  }}
"""


def export(model, name, folder):
    """Write a new version into both folders; return its number.

    model: a Keras model of images of one size, float32, with one output.
    name: under which clients ask for it: letters, digits, ``_``, ``.`` and ``-``.

    Raises ValueError for another model or name; nothing is written then.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"a name has letters, digits, _ . and - only, got {name!r}")
    if len(model.inputs) != 1 or len(model.outputs) != 1 or None in model.input_shape[1:]:
        raise ValueError(
            f"the model must have one input of a fixed size and one output; it takes "
            f"{model.input_shape} and returns {model.output_shape}"
        )
    signature = [keras.InputSpec("float32", model.input_shape, name="images")]
    options = {"input_signature": signature, "verbose": False}
    model(keras.ops.zeros((1, *model.input_shape[1:])))  # what was never called, is refused
    triton = Path(folder) / "triton" / name
    tensorflow = Path(folder) / "tensorflow"
    there = [*triton.glob("[1-9]*"), *(tensorflow / name).glob("[1-9]*")]
    versions = [int(path.name) for path in there if path.name.isdecimal()]
    version = str(max(versions, default=0) + 1)
    # Servers look for folders named by a number: half a version has another name.
    unfinished = f"unfinished-{version}"
    (triton / unfinished).mkdir(parents=True, exist_ok=True)
    path = triton / unfinished / "model.onnx"
    model.export(path, format="onnx", **options)
    model.export(tensorflow / name / unfinished, format="tf_saved_model", **options)
    text = TRITON.format(
        name=name,
        input_shape=list(model.input_shape[1:]),
        output=onnxruntime.InferenceSession(path).get_outputs()[0].name,
        output_shape=list(model.output_shape[1:]),
    )
    (triton / "config.pbtxt").write_text(text, encoding="utf-8")
    names = sorted(path.name for path in tensorflow.iterdir() if path.is_dir())
    configs = "".join(TENSORFLOW.format(name=each) for each in names)
    text = f"model_config_list {{\n{configs}}}\n"
    (tensorflow / "models.config").write_text(text, encoding="utf-8")
    for place in (triton, tensorflow / name):
        (place / unfinished).rename(place / version)
    return version


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("python export.py MODEL FOLDER, a .keras file or the name of a trained network")
    chosen, target = sys.argv[1:]
    if chosen.endswith(".keras"):
        export(keras.models.load_model(chosen), Path(chosen).stem, target)
    else:
        export(load_trained(chosen), chosen, target)
