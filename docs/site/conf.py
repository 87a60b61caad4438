"""Sphinx: the site that `make docs` builds from what antsibull-docs writes."""

from __future__ import annotations

project = "fleetgate.proxmox"
author = "the fleetgate.proxmox authors"
project_copyright = author
html_title = project
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
# tables of options follow the browser's choice of light or dark, as the theme does
antsibull_ext_color_scheme = "default-autodark"
highlight_language = "yaml+jinja"
# the few labels of Ansible's documentation that are used, written by tools/site.py, so that the build needs no network
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "objects.inv")}
