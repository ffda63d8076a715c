"""Any readable checkpoint as one of ours, without loss."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.checkpoints.downloaded import facts_beside
from explorer.checkpoints.loading import find_file
from explorer.checkpoints.reading import read_checkpoint
from explorer.checkpoints.safetensors_form import save_network

if TYPE_CHECKING:
    from explorer.checkpoints.network import LoadedNetwork


def convert(path_or_name: str | os.PathLike[str], out: str | os.PathLike[str]) -> LoadedNetwork:
    """Write a checkpoint in our form; the result draws the same pictures, bit for bit.

    The same file gives the same bytes each time, whatever it is called. What
    it said of itself is kept, and where it came from is added: format and
    sha256 of the source, and what the record of its download says. A file in
    our form already comes out as it went in.

    Parameters
    ----------
    out : file to write, whole or not at all; a file of that name is replaced

    Returns
    -------
    What was read; its notes say what was left out or assumed.

    Raises
    ------
    ValueError
        If `out` is the source itself.
    CheckpointError, ModelNotFoundError, OSError
        If the source cannot be read, or `out` not written.
    """
    source, target = find_file(path_or_name), Path(out)
    if target.exists() and target.samefile(source):
        raise ValueError(f"{target}: the converted file would replace its source; give it another name")
    network = read_checkpoint(source)
    header = facts_beside(source) | network.header
    if network.format != "safetensors":
        header |= {"source_format": network.format, "source_sha256": network.sha256}
        if network.notes:
            header["notes"] = list(network.notes)
    save_network(target, network.description, network.tensors, header)
    return network
