"""Time and memory of a whole process, from its start to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# A process of its own starts the command: on Linux the peak memory of a child begins with its parent's.
LAUNCH = """
import json, resource, subprocess, sys, threading, time
own = [0]
def watch(status):
    while True:
        try:
            with open(status) as file:
                own.extend(int(line.split()[1]) for line in file if line.startswith("RssAnon"))
        except OSError:
            return
        own[:] = [max(own)]
        time.sleep(0.2)
start = time.perf_counter()
running = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
threading.Thread(target=watch, args=(f"/proc/{running.pid}/status",), daemon=True).start()
code = running.wait()
took = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"exit": code, "seconds": took, "cpu_seconds": used.ru_utime + used.ru_stime,
                  "peak_mb": used.ru_maxrss / 1024, "own_mb": max(own) / 1024}))
"""


def measured(command: list[str]) -> dict[str, float]:
    """Run a command and return what it took.

    Args:
        command: Its words.

    Returns:
        seconds: Wall-clock time. cpu_seconds: With those of its children. peak_mb: Peak memory of the largest process.
        own_mb: Peak memory of the command's own process without mapped files, looked at five times a second; 0 if the
        system does not say.

    Raises:
        SystemExit: The command failed.
    """
    done = subprocess.run([sys.executable, "-c", LAUNCH, *command], capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout or '{"exit": 1}')
    if found.pop("exit"):
        raise SystemExit(f"failed: {' '.join(command)}\n{done.stderr}")
    return found


def program() -> str:
    """Return the path of the installed `fingerprint`."""
    return str(Path(sys.executable).parent / "fingerprint")
