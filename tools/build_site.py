"""Build the documentation as a site, build/site: `python tools/build_site.py`.

The pages of docs/ and of the tour, and those made of registries and signatures, are laid out in build/site-source, and Sphinx
makes the site of them. The cells of the tour are run. Warnings are errors.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from website.contents import with_contents
from website.datasets import datasets_page
from website.http import http_page
from website.links import on_site, relinked
from website.operations import operation_pages
from website.python import python_page
from website.shell import shell_page
from website.tour import chapter_page, tour_page

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
SITE, CACHE = BUILD / "site", BUILD / "notebooks"
WRITTEN = (
    "docs/**/*.md",
    "src/sightline/tour/text/*.md",
    "benchmarks/RESULTS*.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
)
KEPT = ("docs/conf.py", "docs/_static/*", "docs/gallery/images/way.webp")


def lay_out(source: Path) -> None:
    """Put every page where Sphinx reads it; what is there and has not changed stays, so that only what is new is made anew."""
    pages, shown = operation_pages()
    pages |= {
        "reference/python.md": python_page(),
        "reference/shell.md": shell_page(),
        "reference/datasets.md": datasets_page(),
        "reference/http.md": http_page(),
        "tour/index.md": tour_page(),
    }
    for path in _found(WRITTEN):
        name = path.relative_to(ROOT).as_posix()
        text = relinked(path.read_text(encoding="utf-8"), name)
        pages[on_site(name)] = chapter_page(text) if on_site(name).startswith("tour/") else text
    files = {name: text.encode() for name, text in with_contents(pages).items()}
    files |= {on_site(path.relative_to(ROOT).as_posix()): path.read_bytes() for path in _found(KEPT)}
    # pictures that raw HTML shows are unknown to Sphinx: they are copied as they are
    files |= {name if name.startswith("_static/") else f"_extra/{name}": data for name, data in shown.items()}
    for path in [path for path in source.rglob("*") if path.is_file()]:
        if path.relative_to(source).as_posix() not in files:
            path.unlink()
    for name, data in files.items():
        path = source / name
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _found(patterns: Sequence[str]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay the pages out and run Sphinx."""
    parser = argparse.ArgumentParser(description="Build the documentation as a site.")
    parser.add_argument("--out", type=Path, default=SITE, metavar="FOLDER", help="where the site is put (default build/site)")
    parser.add_argument("--no-execute", action="store_true", help="do not run the cells of the tour")
    parser.add_argument("--links", action="store_true", help="check the links to other sites too; needs a network")
    options = parser.parse_args(arguments)
    site = options.out.resolve()
    source = site.with_name(f"{site.name}-source")
    lay_out(source)
    settings = [f"-Dnb_execution_cache_path={CACHE}", *(["-Dnb_execution_mode=off"] if options.no_execute else [])]
    builders = {"html": site, **({"linkcheck": BUILD / "links"} if options.links else {})}
    for builder, target in builders.items():
        strict = ["-W", "--keep-going", "-n", "-q"]
        command = [sys.executable, "-m", "sphinx", "-b", builder, *strict, *settings, str(source), str(target)]
        if status := subprocess.run(command, cwd=ROOT).returncode:
            return status
    shutil.copytree(source / "_extra", site, dirs_exist_ok=True)
    print(f"The site: {site / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
