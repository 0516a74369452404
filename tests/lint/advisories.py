"""Compares Cargo.lock with the list of known holes: advisories.py [--lock FILE] [--list FILE].

Ends with 1 where a locked version is affected and not accepted, and where an accepted hole is not there any more.
"""

import argparse
import datetime
import operator
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
# A copy older than this says little; it is still compared.
STALE = datetime.timedelta(days=60)


def numbers(version):
    """Major, minor, patch; what stands behind them (a pre-release, build data) counts for nothing."""
    parts = re.match(r"\d+(\.\d+)*", version)
    if not parts:
        raise ValueError(f"`{version}` is no version")
    found = [int(part) for part in parts.group().split(".")]
    return tuple(found + [0] * (3 - len(found)))


def is_within(version, bounds):
    for bound in bounds.split(","):
        sign, limit = re.fullmatch(r"\s*(<=|>=|<|>|=)\s*(\S+)\s*", bound).groups()
        if not OPERATORS[sign](numbers(version), numbers(limit)):
            return False
    return True


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lock", type=pathlib.Path, default=ROOT / "Cargo.lock")
    arguments.add_argument("--list", type=pathlib.Path, default=ROOT / "advisories.toml")
    arguments = arguments.parse_args()

    known = tomllib.loads(arguments.list.read_text())
    locked = {}
    for package in tomllib.loads(arguments.lock.read_text())["package"]:
        locked.setdefault(package["name"], []).append(package["version"])

    wrong = []
    for advisory in known["advisory"]:
        name, is_accepted = advisory["crate"], "accepted" in advisory
        affected = [v for v in locked.get(name, []) if any(is_within(v, bounds) for bounds in advisory["affected"])]
        told = f"{advisory['id']} ({name}: {advisory['what']})"
        if affected and not is_accepted:
            wrong.append(f"{told}: Cargo.lock has {', '.join(affected)}, affected are {' or '.join(advisory['affected'])}")
        elif is_accepted and not affected:
            wrong.append(f"{told}: accepted, but Cargo.lock has no affected version; take it out of the list")

    count, as_of = len(known["advisory"]), known["as_of"]
    if not count or not locked:
        wrong.append("nothing to compare")
    print(f"advisories: {count} known on {as_of}, compared with {len(locked)} crates of {arguments.lock.name}")
    if datetime.date.today() - as_of > STALE:
        print(f"advisories: the list is older than {STALE.days} days; bring it up to date", file=sys.stderr)
    for line in wrong:
        print(f"advisories: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
