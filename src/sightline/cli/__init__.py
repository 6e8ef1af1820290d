"""The command line: a thin face over jobs and the registries."""

from __future__ import annotations

import gc
import os
import signal
import sys
from io import TextIOWrapper
from types import FrameType

__all__ = ["main"]


def main() -> None:
    """Run `sightline` with the process's arguments and exit: 0, 2 for a user's mistake, 1 for a failure, 130 when interrupted."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # our own errors say what is wrong with a picture
    signal.signal(signal.SIGTERM, _interrupt)
    gc.set_threshold(50_000, 20, 50)  # there is no rubbish in what the imports of a training make: do not keep looking for it
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may hold what the terminal's encoding does not
    from sightline.cli.app import build
    from sightline.cli.console import show_error
    from sightline.errors import Interrupted, SightlineError, StorageError

    try:
        build(sys.argv[1:])()
    except SightlineError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is left in the buffer would fail again at exit
        sys.exit(128 + 13)  # as a process that SIGPIPE ends
    except OSError as error:  # ours are caught above: this is standard output
        show_error(StorageError(f"cannot write the output: {error.strerror or error}"))
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - as above
        sys.exit(1)
    except SystemExit as error:
        if error.code == 130:  # Typer's answer to KeyboardInterrupt
            show_error(Interrupted("interrupted"))
        raise


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
