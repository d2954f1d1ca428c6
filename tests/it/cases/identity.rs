//! Identifiers that are none, and mail providers.
