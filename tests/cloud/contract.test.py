"""The live run of the provider contract, over the fake cloud: the same test with the same switch as over E2B's own."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import spawnai  # noqa: E402
from fake_cloud import FakeCloud  # noqa: E402

spawnai.require_sandbox()
binary = os.environ.get("SPAWNAI_INTEGRATION", "spawnai-integration")

for api in ("both", "v1"):
    cloud = FakeCloud(api=api, domain="loopback")
    try:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("E2B_")}
        result = subprocess.run([binary, "--test-case=the cloud keeps the contract"], capture_output=True, text=True, timeout=300,
                                env={**environment, **cloud.environment(), "SPAWNAI_LIVE_E2B": "1"})
        assert result.returncode == 0, result.stdout + result.stderr
        # What the live run costs if every sandbox of the usual size lives as long as it may.
        seconds = sum(json.loads(entry[3])["timeout"] for entry in cloud.calls("POST", "/v2/sandboxes" if api == "both" else "/sandboxes"))
        assert cloud.made and seconds * 0.00003025 < 0.05, seconds
        assert cloud.live() == [], "the run must leave nothing behind"
    finally:
        cloud.close()

print("ok")
