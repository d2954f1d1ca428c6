//! What was billed, in which order things happened, and what a part of a list tells.
