# Environments of tests, clients and benches, kept per content of what they are made from; sourced by
# their `run`. The mark `complete` is written last: what was cut short is made again.

export PYTHONDONTWRITEBYTECODE=1
cache="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/paydirt"

# folder_of KIND FILE: a folder that is kept per content of the file.
folder_of() {
    printf '%s/%s/%s' "$cache" "$1" \
        "$(python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.version.encode() + open(sys.argv[1], "rb").read()).hexdigest()[:16])' "$2")"
}

# make_venv REQUIREMENTS: a Python environment; sets `venv`.
make_venv() {
    venv=$(folder_of venv "$1") || return
    [[ ! -e $venv/complete ]] || return 0
    mkdir -p "$(dirname "$venv")" && python3 -m venv --clear "$venv" \
        && "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$1" </dev/null \
        && touch "$venv/complete"
}

# make_npm PACKAGE_JSON: packages of npm, none of whose scripts is run; sets `npm`.
make_npm() {
    npm=$(folder_of npm "$1") || return
    [[ ! -e $npm/complete ]] || return 0
    rm -rf "$npm" && mkdir -p "$npm" && cp "$1" "$npm/" \
        && (cd "$npm" && npm install --no-audit --no-fund --ignore-scripts --silent) \
        && touch "$npm/complete"
}

# The target folder of the workspace around here.
target_folder() {
    cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
