"""How the export fails."""

from __future__ import annotations


class ExportError(Exception):
    """A failure that the pipeline tells apart by its name."""

    __module__ = "__main__"  # so that a traceback tells the class alone

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def named(error: Exception) -> ExportError:
    """An error as the pipeline reads it: a refusal by S3 has S3's name."""
    if isinstance(error, ExportError):
        return error
    answer = getattr(error, "response", {}).get("Error", {})
    return ExportError(answer.get("Code", type(error).__name__), answer.get("Message", str(error)))
