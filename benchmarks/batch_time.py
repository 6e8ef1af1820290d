"""Many large JPEGs: crop, shrink to 512, sharpen, JPEG again; Sightline beside ImageMagick and libvips, two workers each.

    python benchmarks/batch_time.py [--files 500] [--rounds 3]

Needs `pip install 'pyvips[binary]'` and ImageMagick's `convert`. The pictures, of twelve megapixels, are made here: twenty
different ones under as many names as are asked for. Tools take turns in every round; ImageMagick gets a part of the files, as it
needs minutes for all. Every tool runs as a process of its own, its start included; memory is that of the largest of its
processes (Linux).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from common import publish, spread, table

import sightline as sl

COMMAND = str(Path(sys.executable).parent / "sightline")
WIDTH, HEIGHT = 4000, 3000
CROP = {"x": 500, "y": 0, "width": 3000, "height": 3000}
SHARPEN = {"sigma": 1.0, "amount": 0.8}
WORKERS = 2

VIPS = """
import multiprocessing, os, sys
os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips

def one(pair):
    source, target, shrink = pair
    image = pyvips.Image.new_from_file(source, access="sequential", shrink=shrink)
    image = image.crop(500 // shrink, 0, 3000 // shrink, 3000 // shrink)
    image.resize(512 / image.width).sharpen(sigma=1.0).jpegsave(target, Q=95)

if __name__ == "__main__":
    folder, out, count, shrink = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    names = sorted(os.listdir(folder))[:count]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(one, [(f"{folder}/{n}", f"{out}/{n}", shrink) for n in names], chunksize=4)
"""


def make_pictures(folder: Path, count: int, different: int = 20) -> None:
    """Scenes with the grain of a camera, each under many names."""
    scene = sl.resize(sl.sample(width=2000, height=1500), width=WIDTH, height=HEIGHT, interpolation="cubic")
    for number in range(count):
        path = folder / f"{number:05}.jpg"
        if number < different:
            grain = sl.add_noise(scene, kind="gaussian", amount=0.02, seed=number)
            sl.write(path, grain, quality=90)
        else:
            os.link(folder / f"{number % different:05}.jpg", path)


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Seconds, and MiB of the largest process, by the kernel's own high-water marks, looked up while it runs."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    largest = 0
    while process.poll() is None:
        largest = max(largest, *high_water(process.pid), 0)
        time.sleep(0.02)
    if process.returncode != 0:
        raise RuntimeError(f"{command[:3]} failed")
    return time.perf_counter() - started, largest / 1024


def high_water(pid: int) -> list[int]:
    """KiB of the most memory that a process and each of those below it have held."""
    found = []
    with suppress(OSError, StopIteration):  # it may end meanwhile
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        found.append(int(next(line for line in lines if line.startswith("VmHWM")).split()[1]))
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            found += high_water(int(child))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    files, few = arguments.files, max(1, arguments.files // 10)
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary) / "in", Path(temporary)
        folder.mkdir()
        make_pictures(folder, files)
        size = sum(path.stat().st_size for path in folder.iterdir()) / files / 1e6
        script, part = home / "vips.py", home / "part"
        script.write_text(VIPS, encoding="utf-8")
        part.mkdir()
        for path in sorted(folder.iterdir())[:few]:
            os.link(path, part / path.name)
        sl.Pipeline(
            (sl.Step("crop", CROP), sl.Step("resize", {"width": 512, "height": 512}), sl.Step("unsharp_mask", SHARPEN))
        ).save(home / "p.yaml")
        magick = "ls | xargs -P 2 -I{} convert {} -crop 3000x3000+500+0 +repage -resize 512x512 -unsharp 0x1 -quality 95 OUT/{}"
        measured: dict[str, list[tuple[float, float]]] = {}
        apply = [COMMAND, "apply", str(home / "p.yaml"), str(folder), "--workers", str(WORKERS), "--quiet", "--overwrite"]
        few_apply = [COMMAND, "apply", str(home / "p.yaml"), str(part), "--workers", str(WORKERS), "--quiet", "--overwrite"]
        for _ in range(arguments.rounds):
            for name, count, command in [
                ("Sightline", files, apply),
                ("Sightline, a tenth of the files", few, few_apply),
                ("Sightline, --full-decode", few, [*few_apply, "--full-decode"]),
                ("libvips", files, [sys.executable, str(script), str(folder), "OUT", str(files), "1"]),
                (
                    "libvips, told by hand to decode a quarter",
                    files,
                    [sys.executable, str(script), str(folder), "OUT", str(files), "4"],
                ),
                ("ImageMagick", few, ["sh", "-c", f"cd {part} && {magick}"]),
            ]:
                with tempfile.TemporaryDirectory(dir=home) as out:
                    words = [word.replace("OUT", out) for word in command]
                    if "apply" in words:
                        words += ["-o", out]
                    environment = {"MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1"}
                    seconds, memory = run(words, environment)
                    assert len(list(Path(out).iterdir())) == count
                measured.setdefault(name, []).append((count / seconds, memory))
    rows = [
        [name, spread([speed for speed, _ in values], 1), f"{max(memory for _, memory in values):.0f}"]
        for name, values in measured.items()
    ]
    for name in ("libvips", "ImageMagick"):
        ratios = [ours / theirs for (ours, _), (theirs, _) in zip(measured["Sightline"], measured[name], strict=True)]
        rows.append([f"**Sightline ÷ {name}**", spread(ratios, 2), ""])
    version = subprocess.run(["convert", "-version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    text = (
        f"{files} JPEGs of {WIDTH} x {HEIGHT} ({size:.1f} MB each): crop 3000 x 3000, shrink to 512 x 512, sharpen, "
        f"JPEG of quality 95; {WORKERS} workers of one thread. {version}.\n\n"
        + table([f"n = {arguments.rounds}", "files/s, median (range)", "MiB of the largest process"], rows)
    )
    shown = f"python benchmarks/batch_time.py --files {files} --rounds {arguments.rounds}"
    publish("batch-time", "Batches of large pictures", text, shown, ("numpy", "opencv-python-headless", "pyvips", "pyvips-binary"))


if __name__ == "__main__":
    main()
