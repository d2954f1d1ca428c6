#!/usr/bin/env python3
"""Cuts Stripe's OpenAPI document to what the stand-in and its tests read.

    cut_openapi.py spec3.json.gz OUT.json.gz

Keeps the GET operations below PATHS with their query parameters and answers, the schemas that
they and RESOURCES need, and drops descriptions. Nothing else is changed.
"""
import gzip
import json
import re
import sys

PATHS = (
    "account balance_transactions charges coupons credit_notes customers disputes events "
    "invoice_payments invoiceitems invoices payment_intents payment_methods payouts plans prices "
    "products promotion_codes refunds subscription_items subscription_schedules subscriptions "
    "tax_ids tax_rates"
).split()
RESOURCES = (
    "deleted_coupon deleted_customer deleted_discount deleted_price deleted_product discount error"
).split()
DROPPED = {"description", "x-stripeMostCommon", "x-stripeEvent", "x-stripeOperations"}


def clean(value, is_names=False):
    """Without the dropped keys; a map of names (properties, schemas) keeps all of its names."""
    if isinstance(value, dict):
        return {
            key: clean(part, key in ("properties", "schemas", "paths"))
            for key, part in value.items()
            if is_names or key not in DROPPED
        }
    return [clean(part) for part in value] if isinstance(value, list) else value


def main(source, target):
    document = json.load(gzip.open(source))
    paths = {}
    for path, operations in document["paths"].items():
        if path.split("/")[2] in PATHS and "get" in operations:
            get = operations["get"]
            answer = get["responses"]["200"]["content"]["application/json"]["schema"]
            paths[path] = {"get": {"parameters": get.get("parameters", []), "answer": answer}}
    schemas = document["components"]["schemas"]
    text = json.dumps(paths) + "".join(f"#/components/schemas/{name}" for name in RESOURCES)
    kept, new = set(), set(re.findall(r"#/components/schemas/([\w.]+)", text))
    while new:
        kept |= new
        text = "".join(json.dumps(schemas[name]) for name in new)
        new = set(re.findall(r"#/components/schemas/([\w.]+)", text)) - kept
    cut = {
        "info": {key: document["info"][key] for key in ("title", "version")},
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(kept)}},
    }
    packed = json.dumps(clean(cut), separators=(",", ":"), sort_keys=True).encode()
    with open(target, "wb") as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped:
        zipped.write(packed)
    print(f"{len(paths)} paths, {len(kept)} schemas, {len(packed):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
