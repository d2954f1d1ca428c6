"""E-mail addresses: normal form, canonical form, registrable domain, shared hosts (law D.1-D.3)."""

import re
import unicodedata
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

_PSL = PublicSuffixList(accept_unknown=False)
_BLANK = re.compile(r"^[\s\u200b\u200c\u200d\u2060\ufeff]+|[\s\u200b\u200c\u200d\u2060\ufeff]+$")
_ATOM = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+$")
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")

RELAY = frozenset(
    "addy.io anonaddy.com duck.com marketplace.amazon.com mozmail.com privaterelay.appleid.com"
    " relay.firefox.com reply.facebook.com simplelogin.com users.noreply.github.com".split()
)
DISPOSABLE = frozenset(
    "10minutemail.com burnermail.io dispostable.com emailondeck.com fakeinbox.com getnada.com"
    " guerrillamail.com maildrop.cc mailinator.com mintemail.com moakt.com mohmal.com"
    " mytemp.email sharklasers.com spamgourmet.com temp-mail.org tempmail.com"
    " throwawaymail.com trashmail.com yopmail.com".split()
)
HOSTED = frozenset(["wordpress.com", "tumblr.com", "medium.com"])


def ascii_host(host):
    """Host as lower-case A-labels, or None when it is not a mail domain."""
    host = host[:-1] if host.endswith(".") else host
    if not host or host.startswith("["):
        return None
    try:
        host = idna.uts46_remap(host, std3_rules=True, transitional=False)
        labels = []
        for label in host.split("."):
            if not label.isascii():
                label = idna.alabel(label).decode()
            elif label.startswith("xn--"):
                idna.ulabel(label)
            labels.append(label)
    except (idna.IDNAError, UnicodeError):
        return None
    if len(labels) < 2 or labels[-1].isdigit() or len(".".join(labels)) > 253:
        return None
    if not all(_LABEL.match(label) for label in labels):
        return None
    return ".".join(labels)


@lru_cache(maxsize=None)
def email_norm(raw):
    """lower(local)@domain, or None when the text is no address."""
    if not isinstance(raw, str):
        return None
    text = _BLANK.sub("", raw)
    named = re.match(r"^[^<>]*<([^<>]*)>$", text)
    if named:
        text = _BLANK.sub("", named.group(1))
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if text.count("@") != 1:
        return None
    local, host = text.split("@")
    local = unicodedata.normalize("NFC", local)
    if not local or len(local.encode()) > 64 or not _ATOM.match(local):
        return None
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    if any(unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp") for c in local):
        return None
    host = ascii_host(host)
    return f"{local.lower()}@{host}" if host else None


def email_canon(norm):
    """Plus tag cut, googlemail.com folded, dots of gmail.com removed."""
    if norm is None:
        return None
    local, host = norm.split("@")
    local = local.split("+", 1)[0] or local
    host = "gmail.com" if host == "googlemail.com" else host
    if host == "gmail.com":
        local = local.replace(".", "") or local
    return f"{local}@{host}"


@lru_cache(maxsize=None)
def registrable(norm):
    """Registrable domain of a normalised address, None for public suffixes and unknown TLDs."""
    return _PSL.privatesuffix(norm.split("@")[1]) if norm else None


def company_domain(norm, free):
    """Registrable domain if it can stand for one company, else None."""
    domain = registrable(norm)
    if domain is None:
        return None
    host = norm.split("@")[1]
    shared = RELAY | DISPOSABLE | HOSTED | free
    return None if host in shared or domain in shared else domain
