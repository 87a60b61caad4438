"""Parameter verification: strict for JSON, lenient for forms, with the server's wording; driven by the schema's rules.

A rule is a dict: `type` (boolean, integer, string, array), its limits, `required`; a string may have a `format`
(`list` or `properties`) whose parts have rules of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from .errors import ApiError, ParameterError

Rules = dict[str, dict[str, Any]]
Problem = tuple[str, str]

TRUE, FALSE = ("1", "on", "yes", "true"), ("0", "off", "no", "false")
EXPECTED = {"boolean": (bool, "Expected boolean value."), "string": (str, "Expected string value.")}
INT64 = range(-(2**63), 2**63)


def from_json(rules: Rules, body: str, path_values: dict[str, str]) -> dict[str, Any]:
    """The parameters of a JSON body; path parameters replace keys of the same name, the query string is ignored."""
    try:
        given = json.loads(body, parse_constant=_refuse_constant) if body else {}
    except ValueError as error:
        raise ApiError(400, str(error)) from error
    if not isinstance(given, dict):
        raise ApiError(400, f"Expected object - got {'array' if isinstance(given, list) else 'scalar value'}.")
    for name, text in path_values.items():
        given[name], problems = _parsed(rules[name], text, name)
        if problems:
            raise ApiError(400, problems[0][1])
    problems = []
    for name, value in given.items():
        if name in rules:
            problems += _strict(rules[name], value, name)
        else:
            problems.append((name, "schema does not allow additional properties"))
    problems += [
        (name, "property is missing and it is not optional") for name in _required(rules) if given.get(name) is None
    ]
    if problems:
        raise ParameterError(problems)
    return given


def from_form(rules: Rules, body: str, query: str, path_values: dict[str, str]) -> dict[str, Any]:
    """The parameters of a form body, the query string and the path together; an array is a repeated key."""
    pairs = parse_qsl(body, keep_blank_values=True)
    pairs += [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "_dc"]
    pairs += path_values.items()
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in pairs:
        if name not in rules:
            problems.append((name, "schema does not allow additional properties."))
            continue
        many = rules[name]["type"] == "array"
        value, broken = _parsed(rules[name]["items"] if many else rules[name], text, name)
        problems += broken
        if broken:
            continue
        if many:
            given.setdefault(name, []).append(value)
        elif name in given:
            problems.append((name, "duplicate parameter."))
        else:
            given[name] = value
    if not problems:
        problems = [
            (name, "parameter is missing and it is not optional.") for name in _required(rules) if name not in given
        ]
    if problems:
        raise ParameterError(problems)
    return given


def broken_limit(rule: dict[str, Any], value: str) -> str | None:
    """The message of the first limit of `rule` that a string violates."""
    return next((reason for _name, reason in _limits(rule, value, "")), None)


def accepts(rule: dict[str, Any], value: str) -> bool:
    """Whether a string satisfies `rule`."""
    return broken_limit(rule, value) is None


def _required(rules: Rules) -> list[str]:
    return [name for name, rule in rules.items() if rule.get("required")]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _strict(rule: dict[str, Any], value: Any, name: str) -> list[Problem]:
    """The problems of a JSON value; types are not converted, and null is invalid for every type."""
    if rule["type"] == "array":
        if not isinstance(value, list):
            kind = "object" if isinstance(value, dict) else "scalar value"
            return [(name, f"Expected array - got {kind}.")]
        problems = [
            problem for index, item in enumerate(value) for problem in _strict(rule["items"], item, f"{name}/[{index}]")
        ]
        return problems[:1]
    if rule["type"] == "integer":
        if isinstance(value, bool) or not isinstance(value, int) or value not in INT64:
            return [(name, "Expected integer value.")]
    else:
        expected, complaint = EXPECTED[rule["type"]]
        if not isinstance(value, expected):
            return [(name, complaint)]
    return list(_limits(rule, value, name))


def _parsed(rule: dict[str, Any], text: str, name: str) -> tuple[Any, list[Problem]]:
    """A single value from its text, and its problems."""
    value: Any = text
    if rule["type"] == "boolean":
        if text.lower() not in TRUE + FALSE:
            return None, [(name, "Unable to parse boolean option.")]
        value = text.lower() in TRUE
    elif rule["type"] == "integer":
        if not re.fullmatch(r"[+-]?[0-9]+", text) or int(text) not in INT64:
            return None, [(name, "invalid digit found in string")]
        value = int(text)
    return value, list(_limits(rule, value, name))


def _limits(rule: dict[str, Any], value: Any, name: str) -> Iterator[Problem]:
    """The limits of `rule` that a value of the right type violates; at most one for a string without parts."""
    if isinstance(value, str):
        yield from _string_limits(rule, value, name)
    elif not isinstance(value, bool):
        if value < rule.get("minimum", value):
            yield name, f"value must have a minimum value of {rule['minimum']} (got {value})"
        elif value > rule.get("maximum", value):
            yield name, f"value must have a maximum value of {rule['maximum']} (got {value})"


def _string_limits(rule: dict[str, Any], value: str, name: str) -> Iterator[Problem]:
    if len(value) < rule.get("minLength", 0):
        yield name, f"value must be at least {rule['minLength']} characters long"
    elif len(value) > rule.get("maxLength", len(value)):
        yield name, f"value may only be {rule['maxLength']} characters long"
    elif "pattern" in rule and not re.fullmatch(rule["pattern"], value):
        yield name, "value does not match the regex pattern"
    elif "enum" in rule and value not in rule["enum"]:
        yield name, f"value '{value}' is not defined in the enumeration."
    elif rule.get("format") == "list":
        items = split_list(value)
        if len(items) < rule.get("minItems", 0):
            yield name, f"array must contain at least {rule['minItems']} elements"
        for item in items:
            yield from _limits(rule["items"], item, name)
    elif rule.get("format") == "properties":
        for part in filter(None, value.split(",")):
            key, _mark, text = part.partition("=")
            if key in rule["properties"]:
                yield from _parsed(rule["properties"][key], text, f"{name}/{key}")[1]
            else:
                yield f"{name}/{key}", "schema does not allow additional properties"


def split_list(text: str) -> list[str]:
    """The items of a list in one string: separated by commas, semicolons or blanks."""
    return [item for item in re.split(r"[,;\s]", text, flags=re.ASCII) if item]
