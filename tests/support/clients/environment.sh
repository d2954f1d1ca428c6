# Environments of the clients, kept per content of what they are made from; sourced by their `run`.

export PYTHONDONTWRITEBYTECODE=1
cache="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/paydirt"

# A folder that is kept per content of a file. The mark is written last: what was cut short is made
# again.
folder_of() {
    printf '%s/%s/%s' "$cache" "$1" \
        "$(python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.version.encode() + open(sys.argv[1], "rb").read()).hexdigest()[:16])' "$2")"
}

# make_venv REQUIREMENTS: sets `venv`.
make_venv() {
    venv=$(folder_of venv "$1")
    if [[ ! -e $venv/complete ]]; then
        mkdir -p "$(dirname "$venv")"
        python3 -m venv --clear "$venv"
        "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$1"
        touch "$venv/complete"
    fi
}

# Builds the stand-ins; sets `target`.
build_stand_ins() {
    command -v cargo >/dev/null || export PATH="${HOME:-}/.cargo/bin:$PATH"
    target=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    cargo build -q --locked --manifest-path tests/support/Cargo.toml --target-dir "$target/stand-in"
}
