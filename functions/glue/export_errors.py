"""Errors of the export."""

from __future__ import annotations


class ExportError(Exception):
    """An error that the pipeline recognizes by its name."""

    __module__ = "__main__"  # A traceback then shows the class without a module.

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def named(error: Exception) -> ExportError:
    """Any error as an ExportError. An error of S3 keeps the name that S3 gave it."""
    if isinstance(error, ExportError):
        return error
    answer = getattr(error, "response", {}).get("Error", {})
    return ExportError(answer.get("Code", type(error).__name__), answer.get("Message", str(error)))
