"""TensorFlow, JAX and PyTorch below Keras: no other one is imported."""

import json
import os
import subprocess
import sys

import keras

BACKEND = keras.backend.backend()  # make test is run with each

EVERYTHING = """
import json, pkgutil, importlib, sys
import numpy as np
import nnlab
for info in pkgutil.walk_packages(nnlab.__path__, "nnlab."):
    importlib.import_module(info.name)
import keras
from nnlab.notebook import RunRecord
model = nnlab.models.build_mlp((4, 4, 1), 3, units=(5,))
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(np.zeros((8, 4, 4, 1)), np.zeros(8), verbose=0)
record = RunRecord(notebook="", dataset="", seed=0, metrics={}).as_dict()
from nnlab.cli import _machine as machine
lines = dict(machine.hardware())
print(json.dumps({"modules": [*sys.modules], "record": record, "lines": lines}))
"""


def test_no_backend_is_imported_that_was_not_chosen():
    done = subprocess.run(
        [sys.executable, "-c", EVERYTHING],
        env=os.environ | {"KERAS_BACKEND": BACKEND, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    # Where JAX is installed, both TensorFlow and Keras import it themselves, whatever the backend.
    assert not ({"tensorflow", "torch"} - {BACKEND}) & {*found["modules"]}
    assert found["record"]["versions"].keys() == {"python", "numpy", "keras", BACKEND}
    assert found["record"]["device"].endswith(("cores", "GPU"))
    assert found["lines"]["backend"] == BACKEND
    assert found["lines"]["devices"]
