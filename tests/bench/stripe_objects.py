"""Lists of Stripe's objects, as many as wanted, each made after one that the stand-in made up:
stripe_objects.py URL FOLDER {"customers": 100, ...}"""

import json
import sys
import urllib.request
from pathlib import Path

KEY = "rk_live_standin"
START = 1_704_067_200
SPAN = 2 * 365 * 86_400
# Objects a file.
PART = 20_000
PREFIXES = {"customers": "cus", "invoices": "in", "charges": "ch", "subscriptions": "sub"}


def identity(what, number):
    return f"{PREFIXES[what]}_{number:024}"


def main(url, folder, counts):
    folder.mkdir(parents=True)
    for what in ("products", "prices"):
        (folder / f"{what}.json").write_text(json.dumps(fetch(url, f"/v1/{what}?limit=100")))
    for what, count in counts.items():
        status = "&status=all" if what == "subscriptions" else ""
        pattern = fetch(url, f"/v1/{what}?limit=1{status}")["data"][0]
        # Lists are newest first.
        for part, newest in enumerate(range(count, 0, -PART)):
            numbers = range(newest, max(0, newest - PART), -1)
            texts = (made_after(pattern, what, number, counts) for number in numbers)
            text = '{"object":"list","data":[' + ",".join(texts) + "]}"
            (folder / f"{what}-{part:03}.json").write_text(text)


def made_after(pattern, what, number, counts):
    text = json.dumps(pattern).replace(pattern["id"], identity(what, number))
    if "customer" in pattern:
        customer = identity("customers", number % counts["customers"] + 1)
        text = text.replace(pattern["customer"], customer)
    made = json.loads(text)
    made["created"] = START + number * SPAN // counts[what]
    if "email" in made:
        made["email"] = f"person{number}@company{number // 3}.example.com"
    return json.dumps(made, separators=(",", ":"))


def fetch(url, path):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
