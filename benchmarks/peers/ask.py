"""The cold start of a peer: a process that loads the saved model and says who wrote a file of responses.

python -m benchmarks.peers.ask MODEL.joblib RESPONSES.jsonl
"""

from __future__ import annotations

import json
import sys

import joblib

from fingerprint.data.names import mask_names

if __name__ == "__main__":
    peer = joblib.load(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as lines:
        texts = [mask_names(json.loads(line)["response"]) for line in lines]
    print(peer.releases[int(peer.scores(texts).mean(axis=0).argmax())])
