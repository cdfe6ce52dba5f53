"""The bill of materials of a release: CycloneDX 1.6 JSON, from the lock that the release was tested with.

Standard library alone, and the same bytes for the same lock and time: `SOURCE_DATE_EPOCH` says when it was made.

    python sbom.py requirements.lock 1.2.3 > sbom.cdx.json
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+))?"
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""Of URLs, as RFC 9562 names it: the serial number follows from what is listed."""


def bill(lock: str, *, version: str, made_at: int) -> dict[str, Any]:
    """The document for a lock's text; `made_at` in seconds since 1970."""
    components = [component(entry) for entry in re.split(r"\n(?=[A-Za-z0-9])", lock) if PIN.match(entry)]
    ours = f"pkg:pypi/oncall-gitops@{version}"
    serial = uuid.uuid5(NAMESPACE, json.dumps([ours, made_at, components], sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(made_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "oncall-gitops",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": ours,
            },
        },
        "components": components,
        "dependencies": [{"ref": ours, "dependsOn": [part["bom-ref"] for part in components]}],
    }


def component(entry: str) -> dict[str, Any]:
    """One pin of the lock, with the hash of each file that may be installed for it."""
    pin = PIN.match(entry)
    assert pin, entry
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', pin['name']).lower()}@{pin['version']}"
    condition = [{"name": "marker", "value": pin["marker"].strip()}] if pin["marker"] else []
    files = [{"name": "sha256", "value": digest} for digest in HASH.findall(entry)]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": pin["name"],
        "version": pin["version"],
        "purl": purl,
        "properties": [{**each, "name": f"oncall-gitops:{each['name']}"} for each in (*condition, *files)],
    }


def main() -> None:
    lock, version = sys.argv[1:]
    made_at = int(os.environ["SOURCE_DATE_EPOCH"])
    document = bill(Path(lock).read_text(encoding="utf-8"), version=version, made_at=made_at)
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
