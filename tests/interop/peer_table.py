"""Which program did what with the node: tests note it as they end, and this prints it as a table.

    peer_table.py FOLDER

`FOLDER` is what the tests found in TRIALGATE_PEERS: a file for each test, rewritten each time it runs.
"""

import functools
import json
import os
import subprocess
import sys

FOLDER = os.environ.get("TRIALGATE_PEERS")
PACKAGES = {"gdcmscu": "libgdcm-tools", "Orthanc": "orthanc", "openssl": "openssl"}  # all others: dcmtk


def with_peer(program, service):
    """Decorates a test in which `program` does `service` with the node, e.g. ("findscu", "C-FIND as SCU")."""
    package = PACKAGES.get(program, "dcmtk")

    def decorate(test):
        @functools.wraps(test)
        def noting(self):
            row = {"program": program, "service": service, "package": package, "test": test.__name__, "passed": False}
            try:
                test(self)
                row["passed"] = True
            finally:
                note(f"{type(self).__module__}.{type(self).__name__}.{test.__name__}", row)

        return noting

    return decorate


def note(name, row):
    if FOLDER is None:
        return
    os.makedirs(FOLDER, exist_ok=True)
    main = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    with open(os.path.join(FOLDER, f"{name.replace('__main__', main)}.json"), "w", encoding="utf-8") as out:
        json.dump(row, out)


def version_of(package):
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return asked.stdout if asked.returncode == 0 else "?"


def main(folder):
    rows = []
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            rows.append(json.load(file))
    versions = {package: version_of(package) for package in {row["package"] for row in rows}}
    print("| program | service | result | of Debian | test |\n|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: (row["package"], row["program"], row["service"], row["test"])):
        result = "passed" if row["passed"] else "**failed**"
        package = f"{row['package']} {versions[row['package']]}"
        print(f"| {row['program']} | {row['service']} | {result} | {package} | {row['test']} |")


if __name__ == "__main__":
    main(sys.argv[1])
