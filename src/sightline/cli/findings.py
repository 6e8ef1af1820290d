"""`predict --find`: what it says and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.cli.console import counted, out, print_json, say, table
from sightline.errors import InputError

if TYPE_CHECKING:
    from sightline.bundle import Failure, Predictor
    from sightline.image import Source
    from sightline.jobs import Findings

__all__ = ["find_all"]


def find_all(
    sources: list[Source],
    predictor: Predictor,
    *,
    top: int,
    json: bool,
    csv: Path | None,
    output: Path | None,
    max_pixels: int,
) -> list[Findings | Failure]:
    """Find, read and report in the form that was asked for; give back the results, for the failures among them."""
    from sightline import jobs
    from sightline.bundle import Failure

    if output:
        _check_output(output, sources)
    results = list(jobs.find_many(sources, predictor, max_pixels=max_pixels))
    good = [result for result in results if not isinstance(result, Failure)]
    if output and good:
        from sightline.image import read, write

        write(output, jobs.annotate(read(sources[0], "unchanged", max_pixels=max_pixels), good[0]))
    if json:
        print_json([_to_dict(result, top) for result in results])
    elif csv:
        _write_csv(csv, results, predictor.labels)
        say(f"{counted(sum(map(len, good)), 'find')} in {counted(len(good), 'picture')}: {csv}")
    else:
        _show(good, min(top, len(predictor.labels)))
    if output and good and not json:
        say(f"{counted(len(good[0]), 'find')} drawn in {output}")
    return results


def _check_output(output: Path, sources: list[Source]) -> None:
    """Before the work: a single picture, and a form that can be written."""
    from sightline.image import Kind, check_writable

    if len(sources) != 1:
        raise InputError("--output takes one picture", received=f"{len(sources):,} pictures", fix="Give them one by one.")
    check_writable(Kind("uint8", 3), output.suffix.lower())


def _to_dict(result: Findings | Failure, top: int) -> dict[str, Any]:
    from sightline.bundle import Failure

    if isinstance(result, Failure):
        return {"source": result.source, "error": result.error.problem}
    return result.to_dict(top)


def _show(results: list[Findings], top: int) -> None:
    rows = table("", ">x", ">y", ">width", ">height", "label", ">", *(">" for _ in range(top - 1)))
    for result in results:
        if not len(result):
            say(f"{result.source}: nothing found")
        for reading in result:
            said = reading.prediction
            (label, confidence), *others = said.top(top)
            mark = f"unknown ({label}?)" if not said.known else f"{label}?" if reading.doubtful else label
            rest = [f"{name} {share:.1%}" for name, share in others]
            rows.add_row(result.source, *map(str, reading.box), mark, f"{confidence:.1%}", *rest)
    if rows.row_count:
        out.print(rows)


def _write_csv(path: Path, results: list[Findings | Failure], labels: tuple[str, ...]) -> None:
    import csv
    import io

    from sightline.bundle import Failure
    from sightline.files import write_text

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["source", "x", "y", "width", "height", "label", "confidence", "known", *(f"p:{label}" for label in labels), "error"]
    )
    for result in results:
        if isinstance(result, Failure):
            writer.writerow([result.source, *("" for _ in range(7 + len(labels))), result.error.problem])
            continue
        for reading in result:
            said = reading.prediction
            shares = [f"{share:.6g}" for share in said.probabilities]
            known = "yes" if said.known else "no"
            writer.writerow([result.source, *reading.box, said.label, f"{said.confidence:.6g}", known, *shares, ""])
    write_text(path, text.getvalue())
