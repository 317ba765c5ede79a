# The demo's program: builds an inventory, writes it as JSON, reads it back and counts it. Its memory
# has three parts that the chart shows: the objects, the text, and the objects once more.
import json

inventory = [
    {"number": number, "name": f"part {number}", "sizes": [number % 7, number % 11], "spare": None}
    for number in range(40_000)
]
text = json.dumps(inventory, indent=1)
again = json.loads(text)
print(f"{len(again)} parts, {len(text)} bytes of JSON, {sum(part['sizes'][0] for part in again)} in stock")
