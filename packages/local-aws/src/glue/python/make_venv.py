"""Makes a virtual environment with the pinned packages, unless it is there: make_venv.py FOLDER REQUIREMENTS.

Several processes may ask for the same folder at once: one makes it, the others wait.
"""

import fcntl
import subprocess
import sys
import venv
from pathlib import Path

# The oldest that the pinned packages take.
OLDEST = (3, 9)


def make_venv(folder: Path, requirements: Path) -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, got {sys.version.split()[0]}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = folder / "installed.txt"
        wanted = f"{sys.version}\n{requirements.read_text()}"
        if installed.exists() and installed.read_text() == wanted:
            return
        venv.create(folder, clear=True, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        failed = subprocess.run([*pip, "-r", requirements]).returncode
        if failed:
            sys.exit(failed)
        installed.write_text(wanted)


if __name__ == "__main__":
    make_venv(Path(sys.argv[1]), Path(sys.argv[2]))
