"""What a job says, in lines as a person reads them."""

from __future__ import annotations

from sightline.events import EpochDone, Event, Note, Progress, StepDone, TrialDone

__all__ = ["duration", "line", "progress_facts", "step_facts"]


def line(event: Event) -> str:
    """An event as a line by itself.

    >>> line(Progress("reading", 1200, 60000))
    'reading: 1,200 of 60,000 pictures'
    >>> line(StepDone(2, 25, 40, 465, 0.5123, 0.8211, 9410.2, 95))
    'epoch 2/25  40/465  loss 0.512  acc 0.821  9,410/s  1:35 min left'
    """
    if isinstance(event, Note):
        return ("Warning: " if event.warning else "") + event.text
    if isinstance(event, EpochDone):
        return _epoch_line(event)
    if isinstance(event, TrialDone):
        return _trial_line(event)
    if isinstance(event, StepDone):
        return f"epoch {event.epoch}/{event.epochs}  {step_facts(event)}"
    return f"{event.what}: {progress_facts(event)}"


def step_facts(event: StepDone) -> str:
    """Where a training stands, without the number of the epoch."""
    return (
        f"{event.step}/{event.steps}  loss {event.loss:.3f}  acc {event.accuracy:.3f}"
        f"  {event.pictures_per_second:,.0f}/s  {duration(event.seconds_left)} left"
    )


def progress_facts(event: Progress) -> str:
    """How much of how many.

    >>> progress_facts(Progress("download", 12_300_000, None, "bytes"))
    '12.3 MB'
    """
    if event.unit == "bytes":
        total = f" of {event.total / 1e6:.1f}" if event.total else ""
        return f"{event.done / 1e6:.1f}{total} MB"
    return f"{event.done:,}" + (f" of {event.total:,}" if event.total else "") + f" {event.unit}"


def duration(seconds: float) -> str:
    """A time as a person says it.

    >>> duration(8), duration(95), duration(7300)
    ('8 s', '1:35 min', '2:01 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _epoch_line(event: EpochDone) -> str:
    row = event.row
    mark = " *" if event.best else "  "
    epoch = str(int(row["epoch"])).rjust(len(str(event.epochs)))
    return (
        f"epoch {epoch}/{event.epochs}  loss {row['loss']:.4f}  acc {row['accuracy']:.4f}"
        f"  val loss {row['val_loss']:.4f}{mark}  val acc {row['val_accuracy']:.4f}"
        f"  {duration(event.seconds_left):>8} left"
    )


def _trial_line(event: TrialDone) -> str:
    values = "  ".join(f"{name} {value}" for name, value in event.values.items())
    score = f"{event.score}{' *' if event.best else ''}  " if event.score else ""
    return f"trial {event.number}/{event.trials}  {score}{event.outcome}  {duration(event.seconds)}  {values}"
