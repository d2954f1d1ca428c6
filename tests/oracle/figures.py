"""Statistics of two arms (law A.5, A.7, A.9). Undefined values are None."""

from fractions import Fraction
from functools import lru_cache
from math import ceil, comb, exp, floor, log, pi, sqrt

import numpy as np
from scipy.special import betainc, betaincinv, gammaln, ndtri
from scipy.stats import chi2

Z = float(ndtri(0.975))
Z80 = float(ndtri(0.8))


def ratio(a, b):
    return a / b if b else None


def wilson(x, n):
    if n == 0:
        return None
    p, z2 = x / n, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return [0.0 if x == 0 else centre - half, 1.0 if x == n else centre + half]


def newcombe(x1, n1, x2, n2):
    if n1 == 0 or n2 == 0:
        return None
    p1, p2 = x1 / n1, x2 / n2
    (l1, u1), (l2, u2) = wilson(x1, n1), wilson(x2, n2)
    below = sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    above = sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return [p1 - p2 - below, p1 - p2 + above]


def katz(x1, n1, x2, n2):
    if 0 in (x1, x2):
        return None
    centre = log((x1 / n1) / (x2 / n2))
    half = Z * sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    return [exp(centre - half), exp(centre + half)]


def fisher(x1, n1, x2, n2):
    """(two-sided p, p of H1 "exposed higher"), exact."""
    if n1 == 0 or n2 == 0:
        return None, None
    successes = x1 + x2
    size = comb(n1 + n2, successes)
    first, last = max(0, successes - n2), min(n1, successes)
    ways = {first: comb(n1, first) * comb(n2, successes - first)}
    for k in range(first, last):
        up, down = (n1 - k) * (successes - k), (k + 1) * (n2 - successes + k + 1)
        ways[k + 1] = ways[k] * up // down
    limit = ways[x1] * (10**7 + 1)
    two_sided = sum(w for w in ways.values() if w * 10**7 <= limit)
    greater = sum(w for k, w in ways.items() if k >= x1)
    return float(Fraction(two_sided, size)), float(Fraction(greater, size))


@lru_cache(maxsize=None)
def _nodes(panels=64, degree=32):
    """Composite Gauss-Legendre nodes and weights on (0, pi/2)."""
    x, w = np.polynomial.legendre.leggauss(degree)
    width = pi / 2 / panels
    starts = np.arange(panels)[:, None] * width
    return (starts + (x + 1) * width / 2).ravel(), np.tile(w * width / 2, panels)


def prob_better(x1, n1, x2, n2):
    """P(p1 > p2) under independent Jeffreys posteriors; with p = sin(t)^2 the integrand is smooth."""
    if n1 == 0 or n2 == 0:
        return None
    t, w = _nodes()
    a, b = x1 + 0.5, n1 - x1 + 0.5
    log_beta = gammaln(a) + gammaln(b) - gammaln(a + b)
    density = 2 * np.exp(2 * x1 * np.log(np.sin(t)) + 2 * (n1 - x1) * np.log(np.cos(t)) - log_beta)
    return float(np.sum(w * density * betainc(x2 + 0.5, n2 - x2 + 0.5, np.sin(t) ** 2)))


def jeffreys_lower(x, n):
    return float(betaincinv(x + 0.5, n - x + 0.5, 0.05)) if n else None


def required_n(p1, p2):
    """Accounts per arm for power .8 at .05 two-sided (Fleiss, no correction)."""
    mean = (p1 + p2) / 2
    top = Z * sqrt(2 * mean * (1 - mean)) + Z80 * sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return ceil(top**2 / (p1 - p2) ** 2)


def quantile(values, q):
    return float(np.quantile(values, q)) if len(values) else None


def split_default(starts):
    """Floor of the linear 70th percentile of t0."""
    return floor(np.quantile(starts, 0.7)) if starts else None


def usable(strata):
    """Tables with both arms present."""
    return [table for table in strata.values() if sum(table[0]) and sum(table[1])]


def mantel_haenszel(strata):
    """Odds ratio with Robins-Breslow-Greenland interval, CMH p, risk difference; None without strata."""
    tables = usable(strata)
    if not tables:
        return None
    r = s = pr = ps_qr = qs = gap = spread = weighted = weight = 0.0
    for (a, b), (c, d) in tables:
        n, n1, n2 = a + b + c + d, a + b, c + d
        ri, si, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        r, s = r + ri, s + si
        pr, ps_qr, qs = pr + p * ri, ps_qr + p * si + q * ri, qs + q * si
        gap += a - n1 * (a + c) / n
        if n > 1:
            spread += n1 * n2 * (a + c) * (b + d) / (n * n * (n - 1))
        w = n1 * n2 / n
        weighted, weight = weighted + w * (a / n1 - c / n2), weight + w
    odds = r / s if s else None
    interval = [None, None]
    if r and s:
        half = Z * sqrt(pr / (2 * r * r) + ps_qr / (2 * r * s) + qs / (2 * s * s))
        interval = [odds * exp(-half), odds * exp(half)]
    return {
        "strata_used": len(tables),
        "rows_used": sum(sum(map(sum, table)) for table in tables),
        "or_mh": odds,
        "or_ci95": interval,
        "cmh_p": float(chi2.sf(gap * gap / spread, 1)) if spread else None,
        "risk_difference": weighted / weight,
    }
