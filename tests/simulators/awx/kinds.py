"""The kinds of objects that AWX has, as far as jobs are described with them: fields with their defaults, and references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    - `type`: its name in the field `type`.
    - `fields`: the default of each field that can be written.
    - `references`: the collection that a field refers to.
    - `identity`: the fields that no two objects may share.
    - `choices`: the values that a field may have.
    - `associations`: the lists of other objects, with their collection.
    """

    type: str
    fields: Mapping[str, Any]
    references: Mapping[str, str] = field(default_factory=dict)
    identity: tuple[str, ...] = ("name", "organization")
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    associations: Mapping[str, str] = field(default_factory=dict)


_NAMED = {"name": "", "description": ""}
_OWNED = {**_NAMED, "organization": None}
_OF_ORGANIZATION = {"organization": "organizations"}
_PROMPTS = ("variables", "limit", "job_type", "diff_mode", "tags", "skip_tags", "verbosity", "inventory", "credential")
_NODES = dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes")

KINDS = {
    "organizations": Kind("organization", _NAMED, identity=("name",)),
    "credential_types": Kind(
        "credential_type",
        {**_NAMED, "kind": "", "inputs": {}, "injectors": {}},
        identity=("name", "kind"),
        choices={"kind": ("cloud", "net")},
    ),
    "credentials": Kind(
        "credential",
        {**_OWNED, "credential_type": None, "inputs": {}},
        {**_OF_ORGANIZATION, "credential_type": "credential_types"},
        identity=("name", "organization", "credential_type"),
    ),
    "execution_environments": Kind(
        "execution_environment",
        {**_OWNED, "image": "", "credential": None, "pull": ""},
        {**_OF_ORGANIZATION, "credential": "credentials"},
        identity=("name",),
        choices={"pull": ("", "always", "missing", "never")},
    ),
    "projects": Kind(
        "project",
        {
            **_OWNED,
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "scm_update_on_launch": False,
            "credential": None,
            "allow_override": False,
        },
        {**_OF_ORGANIZATION, "credential": "credentials"},
        choices={"scm_type": ("", "git", "svn", "insights", "archive")},
    ),
    "inventories": Kind(
        "inventory",
        {**_OWNED, "kind": "", "host_filter": None, "variables": ""},
        _OF_ORGANIZATION,
        choices={"kind": ("", "smart", "constructed")},
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **_NAMED,
            "inventory": None,
            "source": "",
            "source_path": "",
            "source_vars": "",
            "source_project": None,
            "execution_environment": None,
            "overwrite": False,
            "overwrite_vars": False,
            "update_on_launch": False,
        },
        {"inventory": "inventories", "source_project": "projects", "execution_environment": "execution_environments"},
        identity=("name", "inventory"),
        choices={"source": ("file", "scm", "controller")},
    ),
    "job_templates": Kind(
        "job_template",
        {
            **_NAMED,
            "job_type": "run",
            "inventory": None,
            "project": None,
            "playbook": "",
            "execution_environment": None,
            "limit": "",
            "diff_mode": False,
            "job_slice_count": 1,
            "allow_simultaneous": False,
            "extra_vars": "",
            "survey_enabled": False,
            "become_enabled": False,
            **{f"ask_{name}_on_launch": False for name in _PROMPTS},
        },
        {"inventory": "inventories", "project": "projects", "execution_environment": "execution_environments"},
        choices={"job_type": ("run", "check")},
        associations={"credentials": "credentials"},
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {**_OWNED, "allow_simultaneous": False, "survey_enabled": False, "extra_vars": ""},
        _OF_ORGANIZATION,
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {"identifier": "", "workflow_job_template": None, "unified_job_template": None, "extra_data": {}},
        {"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        identity=("identifier", "workflow_job_template"),
        associations=_NODES,
    ),
    "schedules": Kind(
        "schedule",
        {**_NAMED, "unified_job_template": None, "rrule": "", "enabled": True, "extra_data": {}},
        {"unified_job_template": "unified_job_templates"},
        identity=("name", "unified_job_template"),
    ),
}
# what jobs, workflows and updates are started from, which have common numbers
UNIFIED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources")
