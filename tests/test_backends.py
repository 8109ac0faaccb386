"""TensorFlow, JAX and PyTorch below Keras: the same steps on each, and none imported that was not chosen."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

INSTALLED = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]

STEPS = """
import json
import keras
import numpy as np
from nnlab.models import DCGAN, build_discriminator, build_generator
from nnlab.models import dcgan

rng = np.random.default_rng(0)
images = rng.uniform(-1, 1, (16, 28, 28, 1)).astype("float32")
fixed = rng.normal(size=(16, 6)).astype("float32")
dcgan.keras.random.normal = lambda shape, seed: keras.ops.convert_to_tensor(fixed)  # each backend draws its own
gan = DCGAN(build_generator(6, filters=(4, 3)), build_discriminator((28, 28, 1), filters=(3, 4)), latent_dim=6)
for variable in gan.weights:
    if "variance" not in variable.path:
        variable.assign(rng.normal(0, 0.1, variable.shape))
gan.compile(
    generator_optimizer=keras.optimizers.SGD(0.05), discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5)
)
history = gan.fit(images, batch_size=16, epochs=3, shuffle=False, verbose=0).history
print(json.dumps({"backend": keras.backend.backend(), **history}))
"""

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


def run_on(backend, program):
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def histories():
    return {backend: run_on(backend, STEPS) for backend in INSTALLED}


@pytest.mark.parametrize("backend", INSTALLED[1:])
def test_a_gan_takes_the_same_steps_on_every_backend(histories, backend):
    reference, other = dict(histories["tensorflow"]), dict(histories[backend])
    assert (reference.pop("backend"), other.pop("backend")) == ("tensorflow", backend)
    assert reference.keys() == other.keys()
    for name, values in reference.items():
        assert other[name] == pytest.approx(values, abs=1e-4), name
        assert values[0] != pytest.approx(values[2], abs=1e-4), f"{name} did not change"


@pytest.mark.parametrize("backend", INSTALLED)
def test_no_backend_is_imported_that_was_not_chosen(backend):
    found = run_on(backend, EVERYTHING)
    # Where JAX is installed, both TensorFlow and Keras import it themselves, whatever the backend.
    assert not ({"tensorflow", "torch"} - {backend}) & {*found["modules"]}
    assert found["record"]["versions"].keys() == {"python", "numpy", "keras", backend}
    assert found["record"]["device"].endswith(("cores", "GPU"))
    assert found["lines"]["backend"] == backend
    assert found["lines"]["devices"]
