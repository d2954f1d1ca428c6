"""Figures of the landmark population, split, verdict, confidence (law A.5-A.8, I)."""

from fractions import Fraction

import figures as f

GATES = {"min_arm": 20, "min_events": 10, "min_oos_arm": 10}


def counts(rows):
    """(x1, n1, x2, n2): conversions and size of the exposed and of the control arm."""
    arms = [[r for r in rows if r["exposed"] is exposed] for exposed in (True, False)]
    return [n for arm in arms for n in (sum(r["converted"] for r in arm), len(arm))]


def arm(rows):
    x, n = sum(r["converted"] for r in rows), len(rows)
    return {
        "n": n,
        "converted": x,
        "rate": f.ratio(x, n),
        "wilson95": f.wilson(x, n),
        "gross_converted": sum(
            r["gross_converted_at"] is not None
            and r["landmark"] < r["gross_converted_at"] <= r["horizon_end"]
            for r in rows
        ),
    }


def strata(rows):
    """stratum -> [[exposed converted, not], [control converted, not]]"""
    found = {}
    for row in rows:
        table = found.setdefault(row["stratum"], [[0, 0], [0, 0]])
        table[0 if row["exposed"] else 1][0 if row["converted"] else 1] += 1
    return found


def pair(rows):
    """Both arms and their comparison."""
    x1, n1, x2, n2 = counts(rows)
    both = bool(n1 and n2)
    two_sided, greater = f.fisher(x1, n1, x2, n2)
    tables = strata(rows)
    return {
        "exposed": arm([r for r in rows if r["exposed"]]),
        "control": arm([r for r in rows if not r["exposed"]]),
        "baseline_all": {"n": n1 + n2, "converted": x1 + x2, "rate": f.ratio(x1 + x2, n1 + n2)},
        "diff": x1 / n1 - x2 / n2 if both else None,
        "diff_newcombe95": f.newcombe(x1, n1, x2, n2),
        "lift_ratio": (x1 / n1) / (x2 / n2) if both and x2 else None,
        "lift_katz95": f.katz(x1, n1, x2, n2),
        "fisher_p_two_sided": two_sided,
        "fisher_p_greater": greater,
        "prob_exposed_better": f.prob_better(x1, n1, x2, n2),
        "strata": tables,
        "mantel_haenszel": f.mantel_haenszel(tables),
    }


def smallest_useful(config, train, pooled):
    """Delta: set, else a quarter of the control rate or of its complement."""
    if config.get("delta_min") is not None:
        return config["delta_min"]
    base = train["control"]["rate"]
    base = pooled["control"]["rate"] if base is None else base
    return None if base is None else min(0.25 * base, 0.25 * (1 - base))


def verdict(pooled, train, test, delta, gates, q=None):
    """(verdict, reasons) of A.7 for a run without leaks; q None = the train p of a family of one."""
    events = pooled["baseline_all"]["converted"]
    enough = events >= gates["min_events"]
    for part, code in ((pooled, "pooled_upper_below_delta"), (test, "test_upper_below_delta")):
        interval = part["diff_newcombe95"]
        sized = min(part["exposed"]["n"], part["control"]["n"]) >= gates["min_arm"]
        if enough and sized and interval and interval[1] < delta:
            if interval[1] < 0:
                code = "opposite_direction"
            elif interval[0] > 0:
                code = "smaller_than_useful"
            return "rejected", [code]
    missing = small_sample(pooled, train, test, gates, events)
    if missing:
        return "not_enough_data", missing
    failed = failed_gates(train, test, q)
    return ("not_enough_data", failed) if failed else ("validated", [])


def small_sample(pooled, train, test, gates, events):
    mh = train["mantel_haenszel"] or {}
    used = sum(sum(map(sum, table)) for table in f.usable(pooled["strata"]))
    checks = {
        "n_exposed": pooled["exposed"]["n"] < gates["min_arm"],
        "n_control": pooled["control"]["n"] < gates["min_arm"],
        "n_events": events < gates["min_events"],
        "n_train": min(train["exposed"]["n"], train["control"]["n"]) < gates["min_arm"],
        "n_test": min(test["exposed"]["n"], test["control"]["n"]) < gates["min_oos_arm"],
        "strata": 5 * used < 4 * pooled["baseline_all"]["n"] or mh.get("or_mh") is None,
    }
    return [code for code, fails in checks.items() if fails]


def failed_gates(train, test, q):
    mh, test_mh = train["mantel_haenszel"], test["mantel_haenszel"] or {}
    if q is None:
        q = mh["cmh_p"] if mh["strata_used"] >= 2 else train["fisher_p_two_sided"]
    checks = {
        "train_ci_includes_0": not train["diff_newcombe95"][0] > 0,
        "train_q": q is None or not q <= 0.05,
        "stratified_reverses": not mh["or_mh"] > 1,
        "train_adjusted": mh["cmh_p"] is None or not mh["cmh_p"] <= 0.05,
        "test_direction": not (test["diff"] > 0 and (test_mh.get("risk_difference") or 0) > 0),
        "test_probability": not test["prob_exposed_better"] >= 0.9,
    }
    return [code for code, fails in checks.items() if fails]


def required(p0, p1):
    """required_n entry, None where it has no value."""
    if p0 is None or p1 is None or p1 <= p0 or p1 >= 1:
        return None
    return {"p_control": p0, "p_exposed": p1, "n_per_arm": f.required_n(p0, p1)}


def confidence(pooled, test, least):
    source, basis = (test, "out_of_sample") if test["exposed"]["n"] >= least else (pooled, "pooled")
    x, n = source["exposed"]["converted"], source["exposed"]["n"]
    return {"value": f.jeffreys_lower(x, n), "basis": basis, "x": x, "n": n} if n else None


def backtest(rows, config):
    """The whole `backtest` object from the outcome rows."""
    inside = [r for r in rows if r["exclusion"] is None and r["converted"] is not None]
    split_at = config.get("split_at")
    if split_at is None:
        split_at = f.split_default([r["t0"] for r in inside])
    train_rows = [r for r in inside if r["horizon_end"] <= split_at]
    test_rows = [r for r in inside if r["t0"] >= split_at]
    pooled, train, test = pair(inside), pair(train_rows), pair(test_rows)
    gates = GATES | (config.get("gates") or {})
    delta = smallest_useful(config, train, pooled)
    decided, reasons = verdict(pooled, train, test, delta, gates)
    x1, n1, x2, n2 = counts(inside)
    p0, p1 = pooled["control"]["rate"], pooled["exposed"]["rate"]
    wanted = required(p0, p0 + delta) if p0 is not None and delta is not None else None
    seen = required(p0, p1)
    won = [r for r in inside if r["exposed"] and r["converted"]]
    timed = [r for r in won if r["net_converted_at"] is not None]
    lead = [(r["net_converted_at"] - r["signal_at"]) / 86400 for r in timed]
    unmatched = sum(r["exclusion"] == "unmatched" for r in rows)
    return pooled | {
        "precision": f.ratio(x1, n1),
        "recall": f.ratio(x1, x1 + x2),
        "f1": f.ratio(2 * x1, 2 * x1 + (n1 - x1) + x2),
        "lead_time_days": {
            "n": len(lead),
            "p25": f.quantile(lead, 0.25),
            "median": f.quantile(lead, 0.5),
            "p75": f.quantile(lead, 0.75),
        },
        "coverage": {
            "matched": len(inside),
            "eligible_at_risk": len(inside) + unmatched,
            "rate": f.ratio(len(inside), len(inside) + unmatched),
        },
        "signal_rate": f.ratio(n1, n1 + n2),
        "mrr_won_minor": mrr_won(won),
        "split": {
            "split_at": split_at,
            "train": train,
            "test": test,
            "embargoed": len(inside) - len(train_rows) - len(test_rows),
        },
        "delta": delta,
        "required_n_for_delta": wanted,
        "required_n_for_observed": {"n_per_arm": seen["n_per_arm"]} if seen else None,
        "confidence": confidence(pooled, test, config.get("min_oos_n", 20)),
        "rows": ladder_counts(rows),
        "verdict": decided,
        "verdict_reasons": reasons,
    }


def mrr_won(won):
    """currency -> list and net MRR, summed exactly; with a part that is not known there is no sum."""
    parts = {}
    for row in won:
        parts.setdefault(row["currency"], []).append(row["_mrr"])
    return {
        currency: {"list": whole_sum(p for p, _ in pairs), "net": whole_sum(n for _, n in pairs)}
        for currency, pairs in parts.items()
    }


def whole_sum(values):
    values = list(values)
    return None if None in values else float(sum(values, Fraction(0)))


def ladder_counts(rows):
    """Rows per rung that has any, in_analysis, and those in no rung whose outcome is unknown."""
    found = {"in_analysis": 0}
    for row in rows:
        rung = row["exclusion"] or (
            "in_analysis" if row["converted"] is not None else "unknown_outcome"
        )
        found[rung] = found.get(rung, 0) + 1
    return found
