"""Write a network into the folders that large servers read: python export.py mnist_cnn models

models/triton/NAME/{config.pbtxt,1/model.onnx} for Triton, by itself or under KServe;
models/tensorflow/{models.config,NAME/1/} for TensorFlow Serving.
"""

import sys
from pathlib import Path

import keras
import onnxruntime

from nnlab.trained import load_trained

TRITON = """name: "{name}"
platform: "onnxruntime_onnx"
max_batch_size: 64
input [{{ name: "{input.name}", data_type: TYPE_FP32, dims: {input_shape} }}]
output [{{ name: "{output.name}", data_type: TYPE_FP32, dims: {output_shape} }}]
dynamic_batching {{ max_queue_delay_microseconds: 1000 }}
version_policy {{ latest {{ num_versions: 2 }} }}
"""
TENSORFLOW = """model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    model_version_policy {{ latest {{ num_versions: 2 }} }}
  }}
}}
"""


def export(model, name, folder, version=1):
    """Write both folders; an older version that is there stays, and servers go over to the new.

    model: a Keras model of one input and one output.
    name: under which clients ask for it.
    version: a whole number, larger for what is newer.
    """
    model(keras.ops.zeros((1, *model.input_shape[1:])))  # what was never called, is refused
    triton = Path(folder) / "triton" / name
    (triton / str(version)).mkdir(parents=True)
    path = triton / str(version) / "model.onnx"
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    [given] = session.get_inputs()
    [made] = session.get_outputs()
    shapes = {"input_shape": given.shape[1:], "output_shape": made.shape[1:]}
    text = TRITON.format(name=name, input=given, output=made, **shapes)
    (triton / "config.pbtxt").write_text(text, encoding="utf-8")

    tensorflow = Path(folder) / "tensorflow"
    model.export(tensorflow / name / str(version), format="tf_saved_model", verbose=False)
    (tensorflow / "models.config").write_text(TENSORFLOW.format(name=name), encoding="utf-8")


if __name__ == "__main__":
    chosen, target = sys.argv[1:]
    if chosen.endswith(".keras"):
        export(keras.models.load_model(chosen), Path(chosen).stem, target)
    else:
        export(load_trained(chosen), chosen, target)
