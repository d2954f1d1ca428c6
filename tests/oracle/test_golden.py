"""The oracle against the golden data: the worked example and the vectors.

Set GOLDEN to the folder that holds example/ and vectors/ (default: the folder above this one).
"""

import json
import os
import unittest
from fractions import Fraction
from pathlib import Path

import backtest
import figures
import generate
import mail
import mrr
import oracle
import terms
from compare import compare, differences
from identity import Customer, Linker, account_key

GOLDEN = Path(os.environ.get("GOLDEN", Path(__file__).parent.parent))


def vectors(name):
    path = GOLDEN / "vectors" / f"{name}_vectors.json"
    if not path.exists():
        raise unittest.SkipTest(f"no {path}")
    return json.loads(path.read_text())


class Example(unittest.TestCase):
    def test_both_shapes(self):
        folder = GOLDEN / "example"
        if not folder.exists():
            raise unittest.SkipTest(f"no {folder}")
        expected = json.loads((folder / "expected.json").read_text())
        for shape in ("acacia", "clover"):
            got = oracle.compute(folder, shape)
            self.assertEqual(compare(expected, got), [])
            self.assertEqual(got["identity"], expected["identity"])


class Vectors(unittest.TestCase):
    def test_mail(self):
        for case in vectors("identity")["email"]:
            norm = mail.email_norm(case["input"])
            got = (norm, mail.email_canon(norm), mail.registrable(norm))
            want = (case["email_norm"], case["email_canon"], case["registrable"])
            if case["test"]:
                self.assertEqual(got, want, case["input"])

    def test_links(self):
        golden = vectors("match")
        free = frozenset(golden["free_mail"])
        for scenario in golden["scenarios"]:
            customers = []
            for row in scenario["customers"]:
                norm = mail.email_norm(row["email"])
                history = [(row["created"], 1, norm)] if norm else []
                own = row["metadata"].get("account_id")
                customers.append(Customer(row["id"], row["created"], True, False, own, history))
                customers[-1].account = account_key(customers[-1], free)
            linker = Linker(customers, free)
            cases = zip(scenario["events"], scenario["expected"], scenario["status"])
            for event, want, status in cases:
                groups = frozenset([event["group"]] if event["group"] else [])
                link = linker.link(event["t"], event["email"], groups)
                got = [link.account, link.confidence] if link.account else None
                self.assertEqual((got, link.status), (want, status), scenario["name"])

    def test_mrr(self):
        for case in vectors("mrr")["cases"]:
            plain = Fraction(0)
            for item in case["items"]:
                price = item["price"] | {"recurring": item["price"]}
                licensed = price.get("usage_type") != "metered"
                amount = terms.by_rule(price, item["quantity"]) if licensed else Fraction(0)
                plain += amount / terms.months(price)
            self.assertEqual(plain, Fraction(case["expected"]["mrr_list_minor"]), case["id"])
            if case["discount_policy"] == "forever":
                net = [plain]
                for coupon in case["discounts"]:
                    if coupon["duration"] == "forever":
                        off = coupon.get("percent_off"), coupon.get("amount_off")
                        net = mrr.reduced(net, *off, terms.months(price))
                self.assertEqual(net[0], Fraction(case["expected"]["mrr_net_minor"]), case["id"])

    def test_figures(self):
        """Cases of the functions that a backtest uses; an empty arm has no Fisher p here (A.9)."""
        checked = 0
        for case in vectors("stat")["cases"]:
            args, want = case["args"], case["expected"]
            for key, got in figure(case["fn"], args).items():
                close = list(differences(want.get(key), got, f"{case['id']}.{key}"))
                self.assertEqual(close, [])
                checked += 1
        self.assertGreater(checked, 250)

    def test_verdicts(self):
        for case in vectors("verdict")["cases"]:
            train, test = (rows(case[part]) for part in ("train", "test"))
            parts = [backtest.pair(part) for part in (train + test, train, test)]
            delta = backtest.smallest_useful(case, parts[1], parts[0])
            decided, reasons = backtest.verdict(*parts, delta, case["gates"], case["q_value"])
            got = {
                "verdict": decided,
                "reasons": reasons,
                "delta": delta,
                "diff": parts[0]["diff"],
                "confidence_estimate": backtest.confidence(parts[0], parts[2], 20),
                "diff_newcombe95": parts[0]["diff_newcombe95"],
                "fisher_p_two_sided": parts[0]["fisher_p_two_sided"],
                "train_mantel_haenszel": parts[1]["mantel_haenszel"],
                "test_mantel_haenszel": parts[2]["mantel_haenszel"],
            }
            self.assertEqual(list(differences(case["expected"], got, case["name"])), [])


def figure(fn, args):
    """Values of one vector case, {} where no backtest figure corresponds."""
    if args.get("conf", 0.95) != 0.95:
        return {}
    if fn in ("newcombe_diff", "katz_ratio", "prob_p1_gt_p2_jeffreys"):
        counts = [args[k] for k in ("x1", "n1", "x2", "n2")]
    if fn == "wilson":
        low, high = figures.wilson(args["x"], args["n"]) or (None, None)
        return {"lo": low, "hi": high}
    if fn == "newcombe_diff":
        low, high = figures.newcombe(*counts)
        return {"lo": low, "hi": high}
    if fn == "katz_ratio":
        low, high = figures.katz(*counts) or (None, None)
        return {"lo": low, "hi": high}
    if fn == "prob_p1_gt_p2_jeffreys":
        return {"p": figures.prob_better(*counts)}
    if fn == "jeffreys_lower_one_sided":
        return {"lo": figures.jeffreys_lower(args["x"], args["n"])}
    if fn == "required_n_two_prop" and args["ratio"] == 1:
        return {"n1_ceil": figures.required_n(args["p1"], args["p2"])}
    if fn == "fisher_exact" and args["alternative"] in ("two_sided", "greater"):
        (a, b), (c, d) = args["table"]
        two_sided, greater = figures.fisher(a, a + b, c, c + d)
        p = two_sided if args["alternative"] == "two_sided" else greater
        return {} if p is None else {"p": p}
    if fn == "cmh":
        got = figures.mantel_haenszel(dict(enumerate(args["tables"])))
        low, high = got["or_ci95"]
        return {"or_mh": got["or_mh"], "or_lo": low, "or_hi": high, "p": got["cmh_p"]}
    return {}


def rows(part):
    """Outcome rows of a verdict vector's counts."""
    return [
        {"exposed": exposed, "converted": i < x, "stratum": name, "gross_converted_at": None}
        for name, arms in part.items()
        for exposed, (n, x) in zip((True, False), arms)
        for i in range(n)
    ]


class Shapes(unittest.TestCase):
    def test_random_companies(self):
        self.assertEqual(generate.check(int(os.environ.get("SEEDS", 10))), 0)


if __name__ == "__main__":
    unittest.main()
