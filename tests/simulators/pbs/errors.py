"""The errors of refused requests."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal: the HTTP status and the reason, which is the whole body of the response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ParameterError(ApiError):
    """Parameters that the schema refuses, as (name, reason); a single problem is worded differently."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        lines = [f"'{name}': {reason}" for name, reason in problems]
        if len(lines) == 1:
            super().__init__(400, f"parameter verification failed - {lines[0]}")
        else:
            super().__init__(400, "\n".join(["parameter verification failed:", *(f"- {line}" for line in lines)]))
