# Builds the stand-ins, from the root of the checkout; sets `target`. Sourced by each `run`.
command -v cargo >/dev/null || export PATH="${HOME:-}/.cargo/bin:$PATH"
target=$(target_folder)
cargo build -q --locked --manifest-path tests/support/Cargo.toml --target-dir "$target/stand-in"
