"""The quick measurements, one after the other, in under 15 minutes on two cores: `make bench`.

    python benchmarks/quick.py

Each is a script of this folder with few rounds; BENCH_RESULTS names the file for their sections. What fails is named at the end.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
QUICK = (
    "epoch_time.py --rounds 1",
    "time_to_accuracy.py --rounds 1 --epochs 8",
    "inference.py --rounds 5",
    "shell_time.py --rounds 5",
    "op_overhead.py --rounds 5",
)


def main() -> None:
    failed = []
    for line in QUICK:
        script, *arguments = line.split()
        started = time.perf_counter()
        code = subprocess.run([sys.executable, HERE / script, *arguments], check=False).returncode
        print(f"-- {line}: {time.perf_counter() - started:.0f} s\n", flush=True)
        if code:
            failed.append(line)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
