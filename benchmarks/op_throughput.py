"""Operations on pictures beside albumentations, Pillow and scikit-image: 512 x 512, one thread.

    python benchmarks/op_throughput.py [--rounds 15] [--only resize] [--dry] [--keep]

Every case runs in a process of its own. First results are compared: what is not the same thing is named and kept out. Then ours
and theirs take turns, several calls each; the ratio of a round is the time of the fastest peer divided by ours.
"""

# ruff: noqa: E402  (libraries ask for their number of threads when they are loaded)

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import argparse
import ctypes
import gc
import multiprocessing
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from common import publish, table
from op_cases import Case, cases

warnings.filterwarnings("ignore")
cv2.setNumThreads(1)
BLOCK = 0.005  # s, how long calls follow each other before it is the other's turn
LONGEST = 2.0  # s for all rounds of a case, but at least FEWEST
FEWEST = 5
BEHIND = 2.5  # a peer that many times slower than the fastest is measured in the first calls only
CASES = cases()


@dataclass
class Outcome:
    """Seconds of a call; `unlike` are the peers that do something else, with what differs."""

    ours: float = 0.0
    fastest: str = ""
    theirs: float = 0.0
    ratios: list[float] = field(default_factory=list)
    others: dict[str, float] = field(default_factory=dict)
    unlike: dict[str, str] = field(default_factory=dict)


def keep_memory() -> None:
    """Tell glibc to keep what is freed; by default it depends on sizes who pays for fresh pages from the system at every call."""
    if os.uname().sysname == "Linux":
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 2**30)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 2**30)  # M_MMAP_THRESHOLD


def unlike(case: Case, ours: Any, theirs: Any) -> str:
    """How two results differ more than they may; nothing if they do not."""
    first, second = case.seen(ours), case.seen(theirs)
    if first.shape != second.shape:
        return f"shapes {first.shape} and {second.shape}"
    if case.rim:
        first, second = (each[case.rim : -case.rim, case.rim : -case.rim] for each in (first, second))
    difference = float(np.abs(first - second).mean())
    return f"{difference:.1f} levels apart" if difference > case.bound else ""


def seconds(call: Callable[[], Any], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started) / calls


def warmed(call: Callable[[], Any]) -> float:
    """Seconds of a call, after some."""
    once = min(seconds(call, 1), seconds(call, 1))
    return min(seconds(call, max(1, min(200, int(0.01 / once)))) for _ in range(2)) if once < 0.2 else once


def measure(number: int, rounds: int, keep: bool) -> Outcome:
    case, outcome = CASES[number], Outcome()
    if keep:
        keep_memory()
    for name, call in case.peers.items():
        found = unlike(case, case.ours(), call())
        if found:
            outcome.unlike[name] = found
    peers = {name: call for name, call in case.peers.items() if name not in outcome.unlike}
    if not peers:
        return outcome
    gc.disable()
    ours = warmed(case.ours)
    first = {name: warmed(call) for name, call in peers.items()}
    near = [name for name in peers if first[name] <= BEHIND * min(first.values())]
    calls = {name: max(1, int(BLOCK / first[name])) for name in near}
    turn = max(BLOCK, ours) + sum(max(BLOCK, first[name]) for name in near)
    times: dict[str, list[float]] = {name: [] for name in ("", *near)}
    for number_of_round in range(max(FEWEST, min(rounds, int(LONGEST / turn)))):
        order = ["", *near]
        for name in order if number_of_round % 2 else order[::-1]:
            call, count = (peers[name], calls[name]) if name else (case.ours, max(1, int(BLOCK / ours)))
            times[name].append(seconds(call, count))
    medians = {name: statistics.median(values) for name, values in times.items()}
    outcome.ours = medians.pop("")
    outcome.fastest = min(medians, key=lambda name: medians[name])
    outcome.theirs = medians[outcome.fastest]
    outcome.ratios = [theirs / own for theirs, own in zip(times[outcome.fastest], times[""], strict=True)]
    outcome.others = {name: medians.get(name, first[name]) for name in peers if name != outcome.fastest}
    return outcome


def shown(time_of_call: float) -> str:
    return f"{time_of_call * 1e6:,.0f}"


def row(case: Case, outcome: Outcome) -> list[str]:
    ratio = statistics.median(outcome.ratios)
    text = f"{ratio:.2f} ({min(outcome.ratios):.2f} to {max(outcome.ratios):.2f})"
    others = ", ".join(f"{name} {shown(value)}" for name, value in outcome.others.items())
    return [
        case.group,
        case.name,
        shown(outcome.ours),
        f"{outcome.fastest} {shown(outcome.theirs)}",
        text if ratio >= 0.95 else f"**{text}**",
        others,
        case.note,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="only cases with this in their group or name")
    parser.add_argument("--keep", action="store_true", help="let glibc keep what is freed, so that fresh pages cost nobody")
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md as it is")
    arguments = parser.parse_args()
    chosen = [number for number, case in enumerate(CASES) if arguments.only in f"{case.group}: {case.name}"]
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        outcomes = pool.starmap(measure, [(number, arguments.rounds, arguments.keep) for number in chosen], chunksize=1)
    done = [(CASES[number], outcome) for number, outcome in zip(chosen, outcomes, strict=True)]
    rows = [row(case, outcome) for case, outcome in done if outcome.ratios]
    ratios = [statistics.median(outcome.ratios) for _, outcome in done if outcome.ratios]
    apart = [f"{case.name}: {name}, {text}" for case, outcome in done for name, text in outcome.unlike.items()]
    share = sum(ratio >= 0.95 for ratio in ratios) / len(ratios)
    summary = (
        f"{len(ratios)} cases; ratio at least 0.95 in {share:.0%} of them; "
        f"smallest {min(ratios):.2f}, median {statistics.median(ratios):.2f}."
    )
    left_out = f"\n\nNot the same thing, and kept out: {'; '.join(apart)}." if apart else ""
    header = ["group", "operation", "ours, µs", "fastest peer, µs", "its time ÷ ours (range)", "others, µs", "note"]
    text = (
        f"512 x 512, uint8, RGB where not said to be gray, one thread; {arguments.rounds} rounds.\n\n{summary}{left_out}\n\n"
        + table(header, rows)
    )
    if arguments.dry or arguments.only or arguments.keep:  # not the table that is published
        print(text)
        return
    packages = ("numpy", "opencv-python-headless", "stringzilla", "albumentations", "albucore", "pillow", "scikit-image")
    command = f"python benchmarks/op_throughput.py --rounds {arguments.rounds}"
    publish("op-throughput", "Throughput of operations beside their peers", text, command, packages)


if __name__ == "__main__":
    main()
