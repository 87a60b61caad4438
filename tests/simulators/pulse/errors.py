"""The error of a refused request."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal: the HTTP status and a plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text
