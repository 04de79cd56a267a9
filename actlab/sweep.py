"""One task over very many networks: cut into blocks, on any executor, with a progress bar, saved and resumed.

Without an executor the blocks of a large run go to a pool of processes, of loky, on which joblib stands, rather than of
the standard library: that one imports the main script anew in each worker, which starts a script without
``if __name__ == "__main__"`` over and over, and finds no function that was defined in a notebook; or it forks, which
hangs once TensorFlow or macOS' own libraries have started threads. loky starts fresh processes, and sends what belongs
to the script or the notebook along with the task.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from queue import SimpleQueue

import numpy as np

from actlab.checkpoints import Checkpoints
from actlab.checks import whole_number

#: ``task(first, count)`` returns arrays by name, whose leading axis is networks ``first`` to ``first + count - 1``.
Task = Callable[[int, int], dict[str, np.ndarray]]

# How many blocks an executor holds at a time: enough for a large cluster, few enough for the memory of this process.
_AHEAD = 1000

# Every block is computed with one thread of the linear algebra: large products differ in their last bits with the
# number of threads, and two workers of two threads each took 9 times as long and more on two processors, for networks
# of 256 units. These are read when a library is loaded, hence set before a worker starts; elsewhere threadpoolctl
# limits what is loaded by then, other than macOS' Accelerate.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def run(
    task: Task,
    networks: int,
    *,
    block: int,
    executor: Executor | None = None,
    progress: bool = False,
    save: str | os.PathLike | None = None,
) -> dict[str, np.ndarray]:
    """The arrays that ``task`` gives for networks 0 to ``networks - 1``, computed ``block`` networks at a time.

    Parameters
    ----------
    task
        Called as ``task(first, count)`` for each block. A network's results must depend on its number alone, and every
        block must give arrays of the same names, dtypes and shapes after the leading axis. It must be picklable for
        executors that pickle.
    executor
        Any executor of ``concurrent.futures``: threads, processes, or a cluster's, such as the ``get_executor()`` of a
        Dask client; it is left running. None computes in this process where there is one block or one processor, and
        else in a pool of as many processes as this process may use processors.
    progress
        Whether to show a progress bar of the networks that are done.
    save
        A folder for finished blocks. The next call with this folder, ``task`` and ``block`` computes only the blocks
        that are not there, also for another number of networks. ``checkpoints`` says how tasks are told apart.

    Returns
    -------
    dict
        The arrays, with a leading axis of ``networks``, the same however and wherever the blocks were computed.

    Raises
    ------
    ValueError
        If ``networks`` or ``block`` is below 1, if a block is of another length or of other arrays than it should, or
        if the folder holds results of another task or block size.
    TypeError
        If the arguments or the task's results are of other kinds.
    Exception
        What the task itself raises, with a note of the networks; blocks that have not begun are cancelled then, and
        also at an interrupt from the keyboard. What was finished is saved.
    """
    if not callable(task):
        raise TypeError(f"task must be callable as task(first, count); got {task!r}")
    whole_number("networks", networks, least=1)
    whole_number("block", block, least=1)
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(
            "executor must be a concurrent.futures.Executor, such as a Dask client's get_executor(), or None; "
            f"got {executor!r}"
        )
    from threadpoolctl import threadpool_limits

    folder = None if save is None else Checkpoints(save, task, int(block))
    results: dict[str, np.ndarray] = {}
    missing = []
    for first in range(0, networks, block):
        count = min(block, networks - first)
        found = folder.load(first, count) if folder else None
        if found is None:
            missing.append((first, count))
        else:
            _put(found, results, first, networks)

    done = networks - sum(count for _, count in missing)
    with _bar(progress, networks, done) as bar, threadpool_limits(1):

        def collect(first: int, count: int, outcome: object) -> None:
            arrays = _arrays(outcome, count)
            _put(arrays, results, first, networks)
            if folder:
                folder.store(first, arrays)
            if bar is not None:
                bar.update(count)

        if executor is not None:
            _submit(task, missing, executor, collect)
        elif len(missing) > 1 and (processors := _processors()) > 1:
            _submit_to_processes(task, missing, min(processors, len(missing)), collect)
        else:
            for first, count in missing:
                with _naming(first, count):
                    collect(first, count, task(first, count))
    return results


def _processors() -> int:
    # What affinity and container leave to this process, in every version of Python; LOKY_MAX_CPU_COUNT limits it.
    from loky import cpu_count

    return cpu_count()


def _submit_to_processes(task: Task, blocks: Iterable[tuple[int, int]], workers: int, collect: Callable) -> None:
    from loky import get_reusable_executor

    # Kept for the next sweep, because a worker takes longer to start than many a block takes; idle ones end by
    # themselves.
    pool = get_reusable_executor(max_workers=workers, env=_ONE_THREAD)
    try:
        _submit(task, blocks, pool, collect)
    except BaseException:
        pool.shutdown(kill_workers=True)  # nobody would take what they are computing
        raise


def _submit(task: Task, blocks: Iterable[tuple[int, int]], executor: Executor, collect: Callable) -> None:
    """Have the blocks computed by the executor, and give each to ``collect`` when it is finished."""
    waiting = iter(blocks)
    running: dict[Future, tuple[int, int]] = {}
    finished: SimpleQueue[Future] = SimpleQueue()

    def submit(several: int) -> None:
        for cut in islice(waiting, several):
            future = executor.submit(_block, task, os.getpid(), *cut)
            running[future] = cut
            future.add_done_callback(finished.put)

    try:
        submit(_AHEAD)
        while running:
            future = finished.get()
            cut = running.pop(future)
            with _naming(*cut):
                collect(*cut, future.result())
            submit(1)
    except BaseException:
        for future in running:
            future.cancel()
        # What was finished meanwhile is saved all the same; a second error is not told instead of the first.
        for future, cut in running.items():
            if future.done() and not future.cancelled():
                with suppress(Exception):
                    collect(*cut, future.result())
        raise


def _block(task: Task, home: int, first: int, count: int) -> dict[str, np.ndarray]:
    """What an executor runs: the task, with one thread."""
    from threadpoolctl import threadpool_limits

    # In the process of run its threads share the limit that run holds, except that of OpenMP: each has one of its own.
    with threadpool_limits(1, user_api="openmp" if os.getpid() == home else None):
        return task(first, count)


@contextmanager
def _naming(first: int, count: int) -> Iterator[None]:
    """Add to an error that passes which networks it is about."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This was in the block of networks {first} to {first + count - 1}.")
        raise


def _bar(progress: bool, networks: int, done: int):
    if not progress:
        return nullcontext()
    from tqdm.auto import tqdm  # a widget in a notebook, text in a terminal

    return tqdm(total=networks, initial=done, unit="network")


def _arrays(outcome: object, count: int) -> dict[str, np.ndarray]:
    """What a task has returned, as arrays, each of ``count`` networks."""
    if not isinstance(outcome, dict) or not outcome or not all(isinstance(name, str) for name in outcome):
        raise TypeError(f"a task must return a dict of arrays by name, one array at least; got {outcome!r}")
    arrays = {name: np.asarray(value) for name, value in outcome.items()}
    for name, array in arrays.items():
        if array.shape[:1] != (count,):
            raise ValueError(f"{name} must have a leading axis of {count} networks; got shape {array.shape}")
        if array.dtype.hasobject:
            raise TypeError(f"{name} must be of numbers, booleans or text; got dtype {array.dtype}")
    return arrays


def _put(arrays: dict[str, np.ndarray], results: dict[str, np.ndarray], first: int, networks: int) -> None:
    """Write a block's arrays to their place in ``results``, which the first block that comes lays out."""
    if not results:
        for name, array in arrays.items():
            results[name] = np.empty((networks, *array.shape[1:]), array.dtype)
    if _layout(arrays) != _layout(results):
        raise ValueError(f"all blocks must give the same arrays; got {_layout(arrays)} after {_layout(results)}")
    for name, array in arrays.items():
        results[name][first : first + len(array)] = array


def _layout(arrays: dict[str, np.ndarray]) -> str:
    return ", ".join(f"{name} ({array.dtype}, {array.shape[1:]} each)" for name, array in sorted(arrays.items()))
