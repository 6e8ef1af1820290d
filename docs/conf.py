"""How Sphinx makes the site of what `tools/build_site.py` has laid out."""

from sightline import __version__

project = "Sightline"
author = "The Sightline developers"
copyright = "the Sightline developers. Licence: Apache-2.0"  # noqa: A001  # Sphinx calls it so
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_extra"]
default_role = "literal"  # docstrings write names between single backticks
nitpick_ignore_regex = [("py:.*", ".*")]  # names of other packages, and of types that no page describes
autodoc_typehints = "none"  # ranges and texts stand in the annotations: far too long for a line
autodoc_member_order = "bysource"
add_module_names = False
toc_object_entries = False
python_maximum_signature_line_length = 100

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_in_temp = True
nb_merge_streams = True
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_theme = "pydata_sphinx_theme"
html_title = "Sightline"
html_static_path = ["_static"]
html_css_files = ["site.css", "gallery.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": []}
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "navigation_depth": 3,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": False,
}
