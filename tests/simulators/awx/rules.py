"""What AWX requires of credential types, surveys and schedules, as messages for what is wrong.

Source: ansible/awx at e21dd0a (2024-10-23): awx/main/fields.py, awx/main/constants.py, awx/api/serializers.py and
JobTemplateSurveySpec in awx/api/views/__init__.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

IDENTIFIER = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")
# the keys of a field, with the type of their values
FIELD_KEYS: dict[str, type | tuple[str, ...]] = {
    "id": str,
    "label": str,
    "help_text": str,
    "type": ("string", "boolean"),
    "format": ("ssh_private_key", "url"),
    "choices": list,
    "multiline": bool,
    "secret": bool,
    "default": object,
}
ONLY_FOR_STRINGS = ("choices", "multiline", "format", "secret")
FORBIDDEN_ENVIRONMENT = {
    *("AD_HOC_COMMAND_ID", "AWX_HOST", "CACHE", "CALLBACK_CONNECTION", "CALLBACK_QUEUE", "INVENTORY_HOSTVARS"),
    *("INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID", "JOB_CALLBACK_DEBUG", "JOB_ID", "MAX_EVENT_RES"),
    *("PATH", "PROJECT_REVISION", "PYTHONPATH", "REST_API_TOKEN", "REST_API_URL", "SUPERVISOR_CONFIG_PATH"),
    "VIRTUAL_ENV",
}
QUESTIONS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}


def _wrong(value: Any, expected: type | tuple[str, ...]) -> bool:
    return value not in expected if isinstance(expected, tuple) else not isinstance(value, expected)


def input_problems(inputs: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the inputs of a credential type."""
    yield from (f"{key} is not a key of inputs" for key in inputs if key not in ("fields", "required"))
    names = [field.get("id") for field in inputs.get("fields", ())]
    if len(set(names)) < len(names):
        yield "field IDs must be unique"
    if "tower" in names:
        yield '"tower" is a reserved field name'
    for field in inputs.get("fields", ()):
        yield from (f"{key} is required" for key in ("id", "label") if key not in field)
        yield from (
            f"{field.get('id')}: {key} is not allowed, or not as {value!r}"
            for key, value in field.items()
            if key not in FIELD_KEYS or _wrong(value, FIELD_KEYS[key])
        )
        if not IDENTIFIER.fullmatch(str(field.get("id"))):
            yield f"{field.get('id')} is an invalid variable name"
        kind = field.get("type", "string")
        if kind != "string":
            yield from (f"{key} not allowed for {kind} type" for key in ONLY_FOR_STRINGS if key in field)
        kinds = {"string": str, "boolean": bool}
        if "default" in field and not (kind in kinds and isinstance(field["default"], kinds[kind])):
            yield f"{field['default']} is not a {kind}"


class _Reserved:
    """A part of the namespace that templates may only use by its attributes."""

    filename: Any

    def __str__(self) -> str:
        raise UndefinedError("must define a file injector of that name in order to reference it")


def injector_problems(injectors: Mapping[str, Any], inputs: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the injectors of a credential type whose inputs are right."""
    yield from (f"{key} is not an injector" for key in injectors if key not in ("file", "env", "extra_vars"))
    files, environment = injectors.get("file", {}), injectors.get("env", {})
    if "template" in files and len(files) > 1:
        yield "Must use multi-file syntax when injecting multiple files"
    yield from (f"{name} is not the name of a file" for name in files if not _file_name(name))
    for name, value in environment.items():
        if not IDENTIFIER.fullmatch(name):
            yield f"{name} is not the name of an environment variable"
        if name.startswith("ANSIBLE_") or name in FORBIDDEN_ENVIRONMENT:
            yield f"Environment variable {name} is not allowed to be used in credentials."
        if not str(value).isascii():
            yield f"{name}: the value of an environment variable must be ASCII"
    tower, filename = _Reserved(), _Reserved()
    for name in files:
        setattr(filename, name.rpartition(".")[2], "EXAMPLE")
    tower.filename = "EXAMPLE" if "template" in files else filename
    known = {field["id"]: "EXAMPLE" for field in inputs.get("fields", ())}
    for kind, values in injectors.items():
        for name, template in _templates(values):
            if broken := _broken(template, {**known, "tower": tower}):
                yield f"{kind} {name}: {broken}"


def _file_name(name: str) -> bool:
    before, dot, label = name.partition(".")
    return before == "template" and (not dot or bool(IDENTIFIER.fullmatch(label)))


def _templates(node: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _templates(value, f"{where}.{name}".lstrip("."))
    elif isinstance(node, list):
        for value in node:
            yield from _templates(value, where)
    else:
        yield where, node


def _broken(template: str, namespace: Mapping[str, Any]) -> str:
    try:
        ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(namespace)
    except UndefinedError as error:
        return f"uses an undefined field ({error})"
    except SecurityError as error:
        return f"Encountered unsafe code execution: {error}"
    except TemplateSyntaxError as error:
        return f"Syntax error rendering template ({error})"
    return ""


def survey_problem(survey: Mapping[str, Any]) -> str:
    """What is wrong with a survey, "" if nothing is."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if name not in survey:
            return f"Field '{name}' is missing from survey spec."
        if not isinstance(survey[name], kind):
            return f"Field '{name}' has the wrong type."
    if not survey["spec"]:
        return "'spec' doesn't contain any items."
    variables = [question.get("variable") for question in survey["spec"]]
    if len(set(variables)) < len(variables):
        return "'variable' duplicated"
    return next((broken for question in survey["spec"] if (broken := _question_problem(question))), "")


def _question_problem(question: Mapping[str, Any]) -> str:
    for name, expected in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if not isinstance(question.get(name), expected):
            return f"'{name}' missing from survey question, or of the wrong type."
    kind, default = question["type"], question.get("default", "")
    if kind not in QUESTIONS:
        return f"'{kind}' is not one of the allowed question types."
    if default != "" and not isinstance(default, QUESTIONS[kind]):
        return f"Default value {default} in survey question expected to be {kind}."
    for limit in ("min", "max"):
        if not isinstance(question.get(limit), int | None):
            return f"The {limit} limit in survey question expected to be integer."
    if kind in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            return f"Survey question of type {kind} must specify choices."
        chosen = default.splitlines()
        if kind == "multiplechoice" and len(chosen) > 1:
            return "Multiple Choice (Single Select) can only have one default value."
        if any(item not in question["choices"] for item in chosen):
            return "Default choice must be answered from the choices listed."
    if str(default).startswith("$encrypted$"):
        return "$encrypted$ is a reserved keyword."
    return ""


def answer_problem(question: Mapping[str, Any], answers: Mapping[str, Any]) -> str:
    """Why an answer to a question of a survey is rejected, "" if it is not."""
    name, kind = question["variable"], question["type"]
    if name not in answers:
        return f"'{name}' value missing" if question["required"] else ""
    answer, choices = answers[name], question.get("choices", ())
    if kind in ("text", "textarea", "password"):
        if not isinstance(answer, str):
            return f"Value {answer} for '{name}' expected to be a string."
        if len(answer) < (question.get("min") or 0):
            return f"'{name}' value {answer} is too small"
    if kind == "multiplechoice" and answer not in choices:
        return f"Value {answer} for '{name}' expected to be one of {choices}."
    if kind == "multiselect" and not (isinstance(answer, list) and all(one in choices for one in answer)):
        return f"'{name}' value is expected to be a list of {choices}."
    return ""


def rrule_problems(rule: str) -> Iterator[str]:
    """What is wrong with a recurrence rule."""
    starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", rule)
    if len(starts) != 1:
        yield "Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"
    if re.search(r"DTSTART:[0-9]+T[0-9]+ ", rule):
        yield "DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ."
    rules = re.findall(r"RULE:[^\s]*", rule)
    if not rules:
        yield "One or more rule required in rrule."
    for one in rules:
        if "INTERVAL" not in one.upper():
            yield f"INTERVAL required in rrule: {one}"
        if "SECONDLY" in one.upper():
            yield f"SECONDLY is not supported: {one}"
        if not re.search("FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY)", one):
            yield f"rrule parsing failed validation: {one}"
