"""The plain form in processes of its own, drawing one picture whenever it is its turn.

In one process the two forms would share a heap and its settings (`allocator`), and
neither would be measured as it runs by itself. Taking turns stays possible: such a process
sleeps while another one draws.

By the chance of how a heap comes to lie, one process draws small networks a quarter slower than the next
all its life (75 or 85 to 110 ms for 128 pixels, 370 or 450 for 256): so several of them take turns.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import numpy as np
import torch
from torch import Tensor

from explorer.bench.clocks import Spent
from explorer.bench.plain import PlainStyleGAN2
from explorer.bench.plain_stylegan3 import PlainStyleGAN3
from explorer.checkpoints import read_checkpoint

PLAIN: Mapping[str, type[PlainStyleGAN2] | type[PlainStyleGAN3]] = {
    "stylegan2": PlainStyleGAN2,
    "stylegan3-t": PlainStyleGAN3,
    "stylegan3-r": PlainStyleGAN3,
}
"""The yardstick of each family that has one."""


QUICK_SECONDS, PROCESSES = 0.8, 5
"""Where a plain picture takes less than this, so many processes of up to 500 MB take turns; else one does."""


class PlainForms:
    """The plain form of a network, in one process or in several that take turns.

    Parameters
    ----------
    path : the network's file
    ws : [1, num_ws, w_dim] float32, of the picture to draw
    """

    def __init__(self, path: Path, ws: Tensor):
        self._path, self._ws = path, ws
        self._stack = ExitStack()
        self._processes: list[PlainProcess] = []
        self._turn = count()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="latent-explorer-bench-")))
        self._processes.append(self._stack.enter_context(PlainProcess(self._path, self._ws, folder)))

    def begin(self, threads: int, processes: int) -> Spent:
        """Draw once, and if that was quick, start so many processes in all; tell what it took."""
        spent = self.draw(threads)
        if spent.wall < QUICK_SECONDS:
            while len(self._processes) < processes:
                self._start()
                self._processes[-1].draw(threads)
        return spent

    @property
    def processes(self) -> int:
        """How many take turns."""
        return len(self._processes)

    def draw(self, threads: int) -> Spent:
        """Draw the picture in the next process and tell what that took."""
        return self._processes[next(self._turn) % len(self._processes)].draw(threads)

    def picture(self) -> Tensor:
        """What was drawn: [1, img_channels, H, W] float32."""
        return self._processes[0].picture()


class PlainProcess:
    """The plain form of a network in one process, one picture at a time.

    Parameters
    ----------
    path : the network's file
    ws : [1, num_ws, w_dim] float32, of the picture to draw
    folder : for what the two processes hand each other
    """

    def __init__(self, path: Path, ws: Tensor, folder: Path):
        self._picture = folder / "picture.npy"
        np.save(folder / "ws.npy", ws.cpu().numpy())
        command = [sys.executable, "-m", __name__, str(path), str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def draw(self, threads: int) -> Spent:
        """Draw the picture and tell what that took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{threads}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the plain form ended with exit code {self._process.wait()}")
        return Spent(**json.loads(answer))

    def picture(self) -> Tensor:
        """What it drew last: [1, img_channels, H, W] float32."""
        return torch.from_numpy(np.load(self._picture))


def main(path: Path, folder: Path) -> None:
    """Draw once for each line read, which tells the number of threads."""
    network = read_checkpoint(path)
    yardstick = PLAIN[network.description.architecture](network.description, network.tensors)
    ws = torch.from_numpy(np.load(folder / "ws.npy"))
    for line in sys.stdin:
        torch.set_num_threads(int(line))
        wall, thread = time.perf_counter(), time.thread_time()
        picture = yardstick.synthesis(ws)
        spent = {"wall": time.perf_counter() - wall, "thread": time.thread_time() - thread}
        np.save(folder / "picture.npy", picture.numpy())
        sys.stdout.write(json.dumps(spent) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
