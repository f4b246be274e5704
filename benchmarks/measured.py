"""What a whole process takes, from its start to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# A process of its own starts the command: on Linux a child begins with its parent's peak, and ours is gigabytes.
LAUNCH = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"exit": code, "seconds": time.perf_counter() - start,
                  "cpu_seconds": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))
"""


def measured(command: list[str]) -> dict[str, float]:
    """Wall-clock seconds, CPU seconds with its children's, and the peak megabytes of the largest process."""
    told = subprocess.run([sys.executable, "-c", LAUNCH, *command], capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout or '{"exit": 1}')
    if found.pop("exit"):
        raise SystemExit(f"failed: {' '.join(command)}\n{told.stderr}")
    return found


def program() -> str:
    """The installed `fingerprint`."""
    return str(Path(sys.executable).parent / "fingerprint")
