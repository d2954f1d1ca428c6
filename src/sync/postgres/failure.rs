//! What the server or the way to it refused, as a sentence and what to do about it.

use std::error::Error as _;
use std::io;

use tokio_postgres::error::SqlState;

use crate::error::Error;

const AGAIN: &str = "what was read has landed: sync again, it goes on from there";

/// An error of the server or the connection while something was read.
pub fn failed(error: &tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else { return unanswered(error) };
    let message = db.message();
    let hint = match *db.code() {
        SqlState::QUERY_CANCELED if message.contains("statement timeout") => {
            "allow more with statement_timeout = \"1h\", or put an index on the cursor; what was \
             read has landed"
        }
        SqlState::QUERY_CANCELED => AGAIN,
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            "the server stops or restarts; what was read has landed: sync again when it is there"
        }
        SqlState::T_R_SERIALIZATION_FAILURE => {
            "the replica gave way to its primary; what was read has landed: sync again, or read the \
             primary"
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "the role needs SELECT on it: grant select on … to …, and usage on its schema"
        }
        SqlState::UNDEFINED_COLUMN | SqlState::UNDEFINED_TABLE => {
            "`paydirt check postgres` tells what is there; what was read has landed"
        }
        _ => db.hint().unwrap_or("`paydirt check postgres` tries each part by itself"),
    };
    Error::new(message).hint(hint)
}

/// The connection ended without a word of the server.
fn unanswered(error: &tokio_postgres::Error) -> Error {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let what = match error.is_closed() {
        true => "the server closed the connection".to_owned(),
        false => format!("{error}{cause}"),
    };
    Error::new(what).hint(AGAIN)
}

/// The server could not be reached, or would not have us; `place` and the password's `origin` are
/// named, the password never is.
pub fn unconnected(error: &tokio_postgres::Error, place: &str, origin: Option<&str>) -> Error {
    if let Some(db) = error.as_db_error() {
        let hint = match *db.code() {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                match origin {
                    Some(origin) => format!("the password came from {origin}"),
                    None => how_to_give_it().to_owned(),
                }
            }
            SqlState::INVALID_CATALOG_NAME => "check the name of the database".to_owned(),
            SqlState::CANNOT_CONNECT_NOW => "try again in a moment".to_owned(),
            SqlState::TOO_MANY_CONNECTIONS => "try again when there is room".to_owned(),
            _ => db.hint().unwrap_or("check address and role").to_owned(),
        };
        return Error::new(format!("{place}: {}", db.message())).hint(hint);
    }
    let text = error.to_string();
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if text.contains("TLS") || cause.contains("TLS") || cause.contains("certificate") {
        let hint = match cause.contains("not support TLS") {
            true => {
                "switch TLS on at the server; sslmode=disable in the URL lets data and password \
                     pass in the clear"
            }
            false => {
                "sslrootcert=FILE in the URL names the authority to trust; sslmode=require \
                      encrypts without checking who answers"
            }
        };
        let cause = if cause.is_empty() { text } else { cause };
        return Error::new(format!("{place}: no encrypted connection: {cause}")).hint(hint);
    }
    if text.contains("configuration") && cause.contains("password") {
        return Error::new(format!("{place}: the server asks for a password"))
            .hint(how_to_give_it());
    }
    let io = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let why = match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::TimedOut) => "no answer".to_owned(),
        _ if cause.is_empty() => text,
        _ => cause,
    };
    Error::new(format!("cannot connect to {place}: {why}"))
        .hint("check host and port, and that the server runs and lets this machine in")
}

fn how_to_give_it() -> &'static str {
    "set PGPASSWORD, keep the password in ~/.pgpass or in a file of mode 0600 (password_file)"
}

/// The server answered something that is not what was asked for.
pub fn garbled(what: &str) -> Error {
    Error::new(format!("the server sent {what}"))
        .hint("the table may have changed while it was read: sync again")
}
