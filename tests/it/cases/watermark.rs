//! One row from a wrong clock moves nothing.
