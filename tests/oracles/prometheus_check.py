"""Reads a textfile with Prometheus' own client and prints, as one JSON object by metric, the values of its samples.

usage: prometheus_check.py FILE.prom
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def main(path: str) -> dict[str, list[float]]:
    with open(path, encoding="utf-8") as opened:
        families = list(text_string_to_metric_families(opened.read()))
    for family in families:
        assert family.type == "gauge" and family.documentation, family
    return {family.name: [sample.value for sample in family.samples] for family in families}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), sort_keys=True))
