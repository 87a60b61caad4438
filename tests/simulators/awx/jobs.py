"""What a job of AWX gives to ansible-playbook.

Source: ansible/awx at e21dd0a (2024-10-23): awx/main/tasks/jobs.py and, before it became a package of its own, inject_credential in
awx/main/models/credential/__init__.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

Object = dict[str, Any]


class _Unsafe(str):
    """A value that ansible must not evaluate: variables that are not those of the template itself."""


yaml.SafeDumper.add_representer(_Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value)))


@dataclass(frozen=True)
class Job:
    """A job, as far as ansible-playbook sees it."""

    playbook: str
    arguments: tuple[str, ...]
    variables: str
    credentials: tuple[tuple[Object, Object], ...]

    def environment(self, folder: Path) -> dict[str, str]:
        """The environment variables; files of credentials are written to the folder."""
        environment: dict[str, str] = {}
        for credential, kind in self.credentials:
            environment.update(_injected(credential, kind, folder))
        return environment


def job_of(template: Object, credentials: Iterable[tuple[Object, Object]], answers: Mapping[str, Any]) -> Job:
    used = tuple(credentials)
    for credential, kind in used:
        missing = [name for name in kind["inputs"].get("required", ()) if not credential["inputs"].get(name)]
        if missing:
            raise ValueError(
                f"Credential {credential['name']} does not provide one or more required fields ({missing})"
            )
    check = ("--check",) if template["job_type"] == "check" else ()
    diff = ("--diff",) if template["diff_mode"] else ()
    variables = {
        **json.loads(template["extra_vars"] or "{}"),
        **{name: _unsafe(value) for name, value in answers.items()},
    }
    return Job(template["playbook"], (*check, *diff), yaml.safe_dump(variables), used)


def _unsafe(value: Any) -> Any:
    return [_unsafe(one) for one in value] if isinstance(value, list) else _Unsafe(value)


def _injected(credential: Object, kind: Object, folder: Path) -> dict[str, str]:
    sandbox, injectors = ImmutableSandboxedEnvironment(), kind["injectors"]
    # fields without a value are not defined
    namespace = {name: value for name, value in credential["inputs"].items() if value}
    tower = SimpleNamespace()
    for label, template in injectors.get("file", {}).items():
        path = folder / f"{credential['id']}-{label}"
        path.write_text(sandbox.from_string(template).render(**namespace))
        path.chmod(0o600)
        if "." in label:
            tower.filename = getattr(tower, "filename", SimpleNamespace())
            setattr(tower.filename, label.partition(".")[2], str(path))
        else:
            tower.filename = str(path)
    return {
        name: sandbox.from_string(template).render(**namespace, tower=tower)
        for name, template in injectors.get("env", {}).items()
    }
