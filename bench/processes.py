"""Two processes train one network together: notebook 61's job, also in PyTorch.

``nnlab launch`` starts both: Keras on JAX, and ``DistributedDataParallel`` of PyTorch over gloo.
Each process reads its own half of every batch of MNIST, and each step ends with the mean of the
gradients. SGD with momentum. One process alone is bound to one core; two share two, so that "times
as fast" would be 2 if the exchange cost nothing. Both networks have as many weights, which
``compare`` checks. The peak memory is that of the largest process.
"""

import json
import os
import resource
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from loops import count_weights
from measure import Trial, compare, notebook_settings

from nnlab.datasets import load_images
from nnlab.launching import launch

PROGRAM = str(Path(__file__).resolve())
ROUNDS = 4


def part_of(process, count, quick):
    """Return the images and digits of a process: of each batch its own rows, batch by batch."""
    settings = notebook_settings("61_scaling_out")
    size = settings["BATCH_SIZE"]
    data = load_images("mnist")
    steps = 2 if quick else len(data.x_train) // size
    arrays = []
    for array in (data.x_train, data.y_train):
        batches = array[: steps * size].reshape(steps, count, size // count, *array.shape[1:])
        arrays.append(batches[:, process].reshape(-1, *array.shape[1:]))
    x, y = arrays
    return x / np.float32(255), y.astype(np.int32), size // count


def worker_of_nnlab(quick):
    import keras
    from keras import layers

    from nnlab.training import join_processes

    process, count = join_processes()
    parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(parallel)
    keras.utils.set_random_seed(0)
    x, y, size = part_of(process, count, quick)
    convolution = {"strides": 2, "padding": "same", "activation": "gelu"}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, **convolution),
            layers.Conv2D(32, 3, **convolution),
            layers.Flatten(),
            layers.Dense(128, activation="gelu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    settings = notebook_settings("61_scaling_out")
    optimizer = keras.optimizers.SGD(settings["RATE"], momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    trial = Trial(count * len(x), facts={"weights": count_weights(model.trainable_variables)})
    options = {"callbacks": [trial.callback()], "shuffle": False, "verbose": 0}
    model.fit(batches_of(x, y, size), epochs=ROUNDS, **options)
    write(trial, process)


def batches_of(x, y, size):
    """Return arrays as notebook 61 feeds them, batch by batch."""
    import keras

    class Shard(keras.utils.PyDataset):
        def __len__(self):
            return len(x) // size

        def __getitem__(self, step):
            rows = slice(step * size, (step + 1) * size)
            return x[rows], y[rows]

    return Shard()


def worker_of_torch(quick):
    import torch
    from torch import nn

    process = int(os.environ["KERAS_DISTRIBUTION_PROCESS_ID"])
    count = int(os.environ["KERAS_DISTRIBUTION_NUM_PROCESSES"])
    torch.set_num_threads(1)  # as torchrun does
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"tcp://{os.environ['KERAS_DISTRIBUTION_JOB_ADDRESSES']}",
        rank=process,
        world_size=count,
    )
    torch.manual_seed(0)
    x, y, size = part_of(process, count, quick)
    x = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(y).long()
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, padding=1),
        nn.GELU(),
        nn.Conv2d(16, 32, 3, 2, padding=1),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.GELU(),
        nn.Linear(128, 10),
    )
    model = nn.parallel.DistributedDataParallel(network)
    settings = notebook_settings("61_scaling_out")
    optimizer = torch.optim.SGD(model.parameters(), settings["RATE"], momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    trial = Trial(count * len(x), facts={"weights": count_weights(network.parameters())})
    for _ in range(ROUNDS):
        for images, digits in zip(x.split(size), y.split(size), strict=True):
            optimizer.zero_grad()
            loss_of(model(images), digits).backward()
            optimizer.step()
        trial.round_ends()
    write(trial, process)
    torch.distributed.destroy_process_group()


def write(trial, process):
    """Leave what process 0 has measured in the folder of the job."""
    if process == 0:
        Path("trial.json").write_text(json.dumps(asdict(trial)), encoding="utf-8")


WORKERS = {"nnlab": worker_of_nnlab, "torch": worker_of_torch}


def job(worker, processes):
    """Return a contestant: so many processes of one worker."""

    def run(quick):
        with tempfile.TemporaryDirectory() as folder:
            program = ["env", f"--chdir={folder}", "JAX_PLATFORMS=cpu", sys.executable, PROGRAM]
            command = [*program, "--worker", worker, *(["--quick"] if quick else [])]
            cores = 1 if processes == 1 else None
            launch(command, processes=processes, cores=cores, log_folder=folder)
            trial = Trial(**json.loads((Path(folder) / "trial.json").read_text(encoding="utf-8")))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        trial.facts["peak_mb"] = round(peak)
        return trial

    return run


CONTESTS = {
    "speed": {
        "nnlab, 2 processes": job("nnlab", 2),
        "PyTorch, 2 processes": job("torch", 2),
        "nnlab, 1 process": job("nnlab", 1),
        "PyTorch, 1 process": job("torch", 1),
    },
}

if __name__ == "__main__":
    if "--worker" in sys.argv:
        WORKERS[sys.argv[sys.argv.index("--worker") + 1]]("--quick" in sys.argv)
    else:
        compare(PROGRAM, CONTESTS)
