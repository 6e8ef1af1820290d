"""The command line: a thin face over jobs and the registries."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

__all__ = ["main"]


def main() -> None:
    """Run `sightline` with the process's arguments and exit: 0, 2 for a user's mistake, 1 for a failure, 130 when interrupted."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # our own errors say what is wrong with a picture
    signal.signal(signal.SIGTERM, _interrupt)
    from sightline.cli.app import app
    from sightline.cli.console import show_error
    from sightline.errors import Interrupted, SightlineError

    try:
        app()
    except SightlineError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        show_error(Interrupted("interrupted"))
        sys.exit(130)
    except BrokenPipeError:  # `sightline ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
