//! A bucket that lists objects and gives each of them in its own way.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// How an object is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    Whole,
    /// The first time the answer breaks off, with all its headers.
    CutOnce,
    Archived,
    Denied,
    Gone,
    Changed,
    /// In a way that trying again does not mend.
    Broken,
}

#[derive(Debug, Clone)]
pub struct Given {
    pub key: &'static str,
    pub way: Way,
    pub body: String,
}

pub struct Stub {
    pub endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub fn start(objects: Vec<Given>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let seen = Arc::clone(&asked);
        let cuts = AtomicUsize::new(0);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &objects, &seen, &cuts);
            }
        });
        Self { endpoint, asked }
    }

    /// Requests for objects whose keys end so.
    pub fn asked(&self, ending: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|path| path.ends_with(ending)).count()
    }
}

fn answer(
    mut stream: TcpStream,
    objects: &[Given],
    asked: &Mutex<Vec<String>>,
    cuts: &AtomicUsize,
) -> std::io::Result<()> {
    let mut head = vec![];
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    asked.lock().unwrap().push(path.to_owned());
    let say = |stream: &mut TcpStream, status: &str, text: &str| {
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        )
    };
    let refuse = |stream: &mut TcpStream, status: &str, code: &str| {
        let text = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        say(stream, status, &text)
    };
    if path.starts_with("/closed") {
        return refuse(&mut stream, "403 Forbidden", "AccessDenied");
    }
    if query.contains("list-type=2") {
        let objects = objects.iter().map(|object| {
            format!(
                "<Contents><Key>{}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified>\
                 <ETag>\"{}\"</ETag><Size>{}</Size></Contents>",
                object.key,
                object.key.len(),
                object.body.len()
            )
        });
        let text = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>",
            objects.collect::<String>()
        );
        return say(&mut stream, "200 OK", &text);
    }
    let Some(object) = objects.iter().find(|object| path.ends_with(object.key)) else {
        return refuse(&mut stream, "404 Not Found", "NoSuchKey");
    };
    match object.way {
        Way::Archived => refuse(&mut stream, "403 Forbidden", "InvalidObjectState"),
        Way::Denied => refuse(&mut stream, "403 Forbidden", "AccessDenied"),
        Way::Gone => refuse(&mut stream, "404 Not Found", "NoSuchKey"),
        Way::Changed => refuse(&mut stream, "412 Precondition Failed", "PreconditionFailed"),
        Way::Broken => refuse(&mut stream, "400 Bad Request", "Broken"),
        Way::Whole | Way::CutOnce => {
            let body = object.body.as_bytes();
            let range = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": bytes=")?;
                name.eq_ignore_ascii_case("range").then(|| value.split('-').next())?
            });
            let from: usize = range.and_then(|from| from.parse().ok()).unwrap_or(0);
            let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"{}\"\r\n\
                 Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nConnection: close\r\n\
                 Content-Range: bytes {from}-{}/{}\r\n\r\n",
                body.len() - from,
                object.key.len(),
                body.len() - 1,
                body.len()
            )?;
            let is_cut = object.way == Way::CutOnce && cuts.fetch_add(1, Ordering::Relaxed) == 0;
            let end = if is_cut { body.len() / 2 } else { body.len() };
            stream.write_all(&body[from..end])
        }
    }
}
