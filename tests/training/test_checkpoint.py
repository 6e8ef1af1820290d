from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import RunError, StorageError
from sightline.training.checkpoint import State, load_state, save_state

RNG = np.random.default_rng(0)


def some_state(epoch: int = 3) -> State:
    return State(
        epoch=epoch,
        network=[RNG.random((3, 4), np.float32), np.full((), 7.5, np.float32)],
        optimizer=[np.array(12, np.int64), RNG.random(5, np.float32)],
        average=[RNG.random((3, 4), np.float32)],
        best=None,
        history=[{"epoch": 1, "loss": 0.1 + 0.2, "val_loss": 1e-17}],
        data="abc:def",
    )


def test_a_state_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    state = some_state()
    save_state(tmp_path / "state.safetensors", state)
    back = load_state(tmp_path / "state.safetensors")
    assert (back.epoch, back.history, back.data, back.best) == (3, state.history, "abc:def", None)
    for name in ("network", "optimizer", "average"):
        for kept, loaded in zip(getattr(state, name), getattr(back, name), strict=True):
            assert kept.dtype == loaded.dtype
            assert np.array_equal(kept, loaded)


@pytest.mark.parametrize("damage", ["cut", "text", "other"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "state.safetensors"
    save_state(path, some_state())
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "text":
        path.write_text("hello")
    else:
        save_file({"a": np.zeros(3)}, path)
    with pytest.raises(RunError, match="cannot resume from"):
        load_state(path)


def test_no_checkpoint_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no checkpoint"):
        load_state(tmp_path / "state.safetensors")


SAVE_FOREVER = """
import sys
import numpy as np
from sightline.training.checkpoint import State, save_state
for epoch in range(1_000_000):
    value = np.full(60_000, epoch, np.float32)
    save_state(sys.argv[1], State(epoch=epoch, network=[value], optimizer=[value], history=[{"epoch": epoch}]))
    print(epoch, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_kill_while_saving_leaves_the_new_state_or_the_previous_one(tmp_path: Path) -> None:
    """Row 22 of the hazards. The kills fall at points of the saving that nobody chose."""
    path = tmp_path / "state.safetensors"
    for saves in RNG.integers(1, 30, 15):
        with subprocess.Popen([sys.executable, "-c", SAVE_FOREVER, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            last = [int(process.stdout.readline()) for _ in range(saves)][-1]
            process.kill()
        state = load_state(path)
        assert state.epoch >= last
        assert state.history == [{"epoch": state.epoch}]
        for array in (*state.network, *state.optimizer):
            assert (array == state.epoch).all()


FULL_DISK = """
import resource, sys
import numpy as np
from sightline.errors import StorageError
from sightline.training.checkpoint import State, save_state
save_state(sys.argv[1], State(epoch=1, network=[np.ones(1000)]))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    save_state(sys.argv[1], State(epoch=2, network=[np.ones(100_000)]))
except StorageError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path: Path) -> None:
    """Row 24 of the hazards."""
    path = tmp_path / "state.safetensors"
    ran = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert "cannot write" in ran.stdout
    assert load_state(path).epoch == 1
    assert list(tmp_path.iterdir()) == [path]
    assert issubclass(StorageError, OSError)
