//! Buckets that do not give what they list: each is named, the rest lands, and the next sync goes on.
