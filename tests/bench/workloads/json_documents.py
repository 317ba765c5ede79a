"""(f) Builds documents, writes them as JSON and reads them back, as many a service does all day."""

import json
import sys


def document(number):
    return {
        "id": number,
        "name": f"document {number}",
        "tags": [f"tag-{number % 17}", f"tag-{number % 23}", "all"],
        "position": {"x": number * 0.5, "y": number * 0.25, "label": str(number * 7)},
        "lines": [{"line": line, "text": f"{number}:{line}"} for line in range(8)],
    }


def main(count):
    total = 0
    kept = []
    for number in range(count):
        text = json.dumps(document(number), sort_keys=True)
        value = json.loads(text)
        total += len(value["lines"])
        if number % 50 == 0:
            kept.append(value)
    print(total, len(kept))


main(int(sys.argv[1]))
