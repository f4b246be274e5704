"""What a whole process takes, from its start to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# A process of its own starts the command: on Linux a child begins with its parent's peak, and ours is gigabytes.
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
    """Wall-clock seconds, CPU seconds with its children's, the peak megabytes of the largest process, and what the
    command's own process held of them at the most that is no mapped file (looked at five times a second; 0 where the
    system does not tell)."""
    told = subprocess.run([sys.executable, "-c", LAUNCH, *command], capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout or '{"exit": 1}')
    if found.pop("exit"):
        raise SystemExit(f"failed: {' '.join(command)}\n{told.stderr}")
    return found


def program() -> str:
    """The installed `fingerprint`."""
    return str(Path(sys.executable).parent / "fingerprint")
