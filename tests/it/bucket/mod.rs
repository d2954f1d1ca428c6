//! Buckets: a lake and files in a real S3 server.

mod lake;
mod server;
