"""Errors of the API, and server errors."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A response with an error status and a JSON body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Invalid(ApiError):
    """Values that break a rule, as messages by field."""

    def __init__(self, messages: Any) -> None:
        super().__init__(400, messages)


class Crash(Exception):
    """A server error: a page with 500 for GET, an empty 405 for all other methods."""


def denied(detail: str = "You do not have permission to perform this action.") -> ApiError:
    return ApiError(403, {"detail": detail})


def not_found(model: str = "") -> ApiError:
    return ApiError(404, {"detail": f"No {model} matches the given query." if model else "Not found."})


def together(text: str) -> Invalid:
    return Invalid({"non_field_errors": [text]})
