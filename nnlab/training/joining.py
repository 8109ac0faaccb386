"""Several processes that train one network together, by Keras on JAX."""

import os
import sys
import traceback

import keras


def join_processes(*, silence=20):
    """Join the processes that train together; return which of them this is, and how many there are.

    They are counted from 0. Call it in the main module, before anything is computed. ``nnlab
    launch`` tells each process, in its environment, where the others are; where it has not, JAX
    asks Slurm or Open MPI. From then on an error that nobody catches ends this process at once. An
    ordinary exit would not: JAX waits there for the other processes, and they wait for this one.

    silence: seconds, int ≥ 1, after which a process that is not heard of is given up and the others
    end, as its machine may be gone. JAX alone waits for 100.

    Raises RuntimeError if Keras computes with another backend, ValueError where nothing says which
    process this is.

    Source: the documentation of ``jax.distributed.initialize``.
    """
    if keras.backend.backend() != "jax":
        raise RuntimeError(
            f"processes train together by Keras on JAX, got {keras.backend.backend()}: set "
            "KERAS_BACKEND=jax, as nnlab launch does"
        )
    import jax

    def told(name):
        value = os.getenv(f"KERAS_DISTRIBUTION_{name}")
        return int(value) if value else None

    def leave(*error):
        traceback.print_exception(*error)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)  # ends the process without what Python and its libraries do at exit

    try:
        jax.distributed.initialize(
            coordinator_address=os.getenv("KERAS_DISTRIBUTION_JOB_ADDRESSES"),
            num_processes=told("NUM_PROCESSES"),
            process_id=told("PROCESS_ID"),
            heartbeat_timeout_seconds=silence,
        )
    except ValueError as error:
        raise ValueError(
            f"nothing says which process this is ({error}): start the program by nnlab launch, "
            "srun or mpirun, for one process, too"
        ) from error
    sys.excepthook = leave
    return jax.process_index(), jax.process_count()
