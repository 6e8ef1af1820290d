"""Where each file of the repository stands on the site, and its links put right for there."""

from __future__ import annotations

import posixpath
import re

__all__ = ["on_site", "relinked"]

LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?(?=\))")
PLACES = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "docs/gallery/index.html": "reference/operations/index.md",
}
PREFIXES = {"docs/": "", "src/sightline/tour/text/": "tour/"}


def on_site(path: str) -> str:
    """The place on the site of what stands at `path` in the repository.

    >>> on_site("docs/howto/train.md"), on_site("CHANGELOG.md"), on_site("benchmarks/RESULTS.md")
    ('howto/train.md', 'project/changelog.md', 'benchmarks/RESULTS.md')
    """
    if path in PLACES:
        return PLACES[path]
    for prefix, place in PREFIXES.items():
        if path.startswith(prefix):
            return place + path.removeprefix(prefix)
    return path


def relinked(text: str, path: str) -> str:
    """The Markdown of the file at `path`, its relative links leading to the same files on the site.

    >>> relinked("[measured](../../benchmarks/RESULTS.md#a)", "docs/howto/train.md")
    '[measured](../benchmarks/RESULTS.md#a)'
    """
    home, place = posixpath.dirname(path), posixpath.dirname(on_site(path))

    def moved(link: re.Match[str]) -> str:
        target = on_site(posixpath.normpath(posixpath.join(home, link[1])))
        return posixpath.relpath(target, place or ".") + (link[2] or "")

    return LINK.sub(moved, text)
