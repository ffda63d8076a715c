"""The plain form and ours in one process, as a script that has imported both would draw them.

Processes of its own (`plain_process`) tell how the plain form runs by itself, beside this program as it is.
Here both share a heap, with the C library's own settings.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from explorer.bench.clocks import ratio, take_turns
from explorer.bench.plain_process import PLAIN
from explorer.checkpoints import load_generator, read_checkpoint


def one_process_ratio(path: Path, ws: Tensor, rounds: int, processes: int) -> float:
    """How many times longer the plain form takes on one thread: median of so many processes, one by one.

    Parameters
    ----------
    path : the network's file
    ws : [1, num_ws, w_dim] float32, of the picture to draw
    rounds : pictures of each form in a process, in turns
    """
    with TemporaryDirectory(prefix="latent-explorer-bench-") as folder:
        latents = Path(folder) / "ws.npy"
        np.save(latents, ws.cpu().numpy())
        command = [sys.executable, "-m", __name__, str(path), str(latents), str(rounds)]
        told = [
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            for _ in range(processes)
        ]
    return statistics.median(json.loads(line) for line in told)


def main(path: Path, latents: Path, rounds: int) -> None:
    """Draw in turns, and tell the ratio."""
    torch.set_num_threads(1)
    network = read_checkpoint(path)
    plain = PLAIN[network.description.architecture](network.description, network.tensors)
    generator = load_generator(path)
    ws = torch.from_numpy(np.load(latents))
    timings = take_turns(
        {"ours": lambda number: generator.synthesis(ws), "plain": lambda number: plain.synthesis(ws)}, rounds
    )
    sys.stdout.write(json.dumps(ratio(timings["plain"].thread, timings["ours"].thread)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
