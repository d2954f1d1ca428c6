//! A small HTTP client: a request a connection, so that nothing hides what the server sends.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::TcpStream;

use paydirt_stand_in::Server;
use serde_json::Value;

pub struct Client {
    port: u16,
    key: String,
    pub account: Option<String>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Client {
    pub fn new(server: &Server, key: &str) -> Self {
        Self { port: server.port(), key: key.into(), account: None }
    }

    /// The answer, or how the connection ended.
    pub fn raw(&self, path: &str) -> std::io::Result<Raw> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let account = self.account.iter().map(|id| format!("Stripe-Account: {id}\r\n"));
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{}Authorization: Bearer \
             {}\r\n\r\n",
            path.replace('[', "%5B").replace(']', "%5D"),
            account.collect::<String>(),
            self.key
        );
        stream.write_all(request.as_bytes())?;
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes)?;
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
        Ok(Raw { status: status.unwrap_or_default(), head, body })
    }

    pub fn ask(&self, path: &str) -> (u16, Value) {
        let raw = self.raw(path).unwrap();
        let body = serde_json::from_slice(&raw.body);
        let text = String::from_utf8_lossy(&raw.body);
        (raw.status, body.unwrap_or_else(|error| panic!("{path}: {error}: {text}")))
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// All objects of a list.
    pub fn objects(&self, path: &str) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut all: Vec<Value> = vec![];
        loop {
            let page = match all.last() {
                None => self.get(path),
                Some(last) => {
                    let id = last["id"].as_str().unwrap();
                    self.get(&format!("{path}{sign}starting_after={id}"))
                }
            };
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["has_more"] == false {
                return all;
            }
        }
    }

    /// All ids of a list.
    pub fn all(&self, path: &str) -> Vec<String> {
        let objects = self.objects(path);
        objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// The ids of a page.
pub fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap()).collect()
}
