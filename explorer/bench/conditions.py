"""Under which conditions a benchmark runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for all benchmarks of a run."""

    device: str = "cpu"
    """Device to measure on, chosen already."""
    precision: str = "float32"
    smoke: bool = False
    """Two rounds and no more: shows that the benchmark works, its figures mean little."""

    def is_slow(self, resolution: int) -> bool:
        """Whether a picture takes so long that only the telling rows and stops are measured."""
        return self.device == "cpu" and resolution >= 256

    def rounds(self, resolution: int) -> int:
        """Rounds for a network: at least 7, or 3 where a picture takes seconds."""
        if self.smoke:
            return 2
        return 3 if resolution >= 512 and self.device == "cpu" else 7
