//! One request from its head to the bytes of its answer.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::hogql;
use super::key::Key;
use super::list::{self, Query};
use super::reply::{Refusal, Reply};
use super::server::Shared;
use crate::answer::PROXY_PAGE;
use crate::connection::{End, Request, Response, Service};
use crate::date::http_date;
use crate::fault::Fault;
use crate::log::Seen;

impl Service for Shared {
    fn answer(&self, request: &Request, _under_way: usize) -> (Response, Duration) {
        let path = percent_decode_str(request.path()).decode_utf8_lossy().into_owned();
        let query: Vec<(String, String)> =
            form_urlencoded::parse(request.query().as_bytes()).into_owned().collect();
        let target = format!("{path}?{}", request.query());
        let asked = self.log.lock().ask(&target);
        let fault = self.faults.lock().of(&path, &target, asked);
        let reply = match refusal(fault.as_ref()) {
            Some(refusal) => Err(refusal),
            None => self.take().and_then(|()| self.reply(request, &path, &query)),
        };
        let (status, kind, mut headers, body) = match reply {
            Ok(Reply::Json(status, json)) => {
                (status, "application/json", vec![], Bytes::from(json.to_string()))
            }
            Ok(Reply::File(bytes)) => (200, "binary/octet-stream", vec![], bytes),
            Ok(Reply::Elsewhere(location)) => {
                (302, "text/html", vec![("location", location)], Bytes::new())
            }
            Err(refusal) => {
                let wait = refusal.retry_after.map(|seconds| ("retry-after", seconds.to_string()));
                let body = Bytes::from(refusal.body().to_string());
                (refusal.status, "application/json", wait.into_iter().collect(), body)
            }
        };
        let (mut status, mut kind, mut body) = (status, kind, body);
        let (mut delay, mut end) = (Duration::ZERO, End::Whole);
        match &fault {
            Some(Fault::ProxyPage { status: other }) => {
                (status, kind) = (*other, "text/html");
                body = Bytes::from_static(PROXY_PAGE.as_bytes());
            }
            Some(Fault::BadJson) => body.truncate(body.len() * 2 / 3),
            Some(Fault::Cut) => end = End::Cut(body.len() / 2),
            Some(Fault::Reset) => end = End::Reset,
            Some(Fault::Slow(time)) => delay = *time,
            _ => {}
        }
        self.log.lock().seen.push(Seen {
            method: request.method.clone(),
            endpoint: path.clone(),
            path,
            query,
            key: None,
            version: None,
            account: None,
            user_agent: request.header("user-agent").map(str::to_owned),
            takes_gzip: request.takes_gzip(),
            status: if end == End::Reset { 0 } else { status },
            fault: fault.as_ref().map(Fault::name),
            objects: 0,
        });
        headers.push(("content-type", kind.to_owned()));
        headers.push(("date", http_date(self.project.read().now.div_euclid(1_000_000))));
        (Response { status, headers, body, end }, delay)
    }
}

impl Shared {
    fn reply(
        &self,
        request: &Request,
        path: &str,
        query: &[(String, String)],
    ) -> Result<Reply, Refusal> {
        let authorization = request.header("authorization");
        let query = Query(query);
        if path.starts_with("/bucket/") {
            let token = query.get("signature").unwrap_or_default();
            return self.exports.lock().download(token, authorization.is_some());
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let parsed = || -> Result<Value, Refusal> {
            serde_json::from_slice(&request.body)
                .map_err(|_| Refusal::new(400, "parse_error").detail("JSON parse error"))
        };
        if let (["batch"] | ["capture"] | ["i", "v0", "e"], "POST") =
            (parts.as_slice(), request.method.as_str())
        {
            self.captured.lock().push(parsed()?);
            return Ok(Reply::Json(200, json!({ "status": "Ok" })));
        }
        let key = self.key(authorization)?;
        if let Some(hook) = self.hook.lock().as_mut() {
            hook(&mut self.project.write(), path);
        }
        let project = self.project.read();
        let inner = match parts.as_slice() {
            ["api", "personal_api_keys", "@current"] => {
                let described = json!({ "id": "1", "label": "stand-in", "scopes": key.scopes });
                return Ok(Reply::Json(200, described));
            }
            ["api", "projects"] => {
                key.check("project:read")?;
                return Ok(list::projects(&project, &query));
            }
            ["api", "projects" | "environments", id, inner @ ..] => {
                let id = id.parse().map_err(|_| Refusal::not_found())?;
                key.check_project(id)?;
                if id != project.id {
                    return Err(Refusal::new(404, "not_found").detail("Project not found."));
                }
                inner
            }
            _ => return Err(Refusal::not_found()),
        };
        if inner.first() == Some(&"file_download_batch_exports") && !self.has_exports {
            return Err(Refusal::not_found());
        }
        let read = |scope| key.check(scope);
        match (request.method.as_str(), inner) {
            ("GET", []) => read("project:read").map(|()| Reply::Json(200, project.described())),
            ("GET", ["events"]) => read("query:read").and_then(|()| list::events(&project, &query)),
            ("GET", ["persons"]) => read("person:read").map(|()| list::persons(&project, &query)),
            ("GET", ["groups_types"]) => read("group:read").map(|()| list::group_types(&project)),
            ("GET", ["groups"]) => {
                let base = format!("http://{}", request.header("host").unwrap_or_default());
                read("group:read").and_then(|()| list::groups(&project, &query, &base))
            }
            ("POST", ["query"]) => {
                read("query:read")?;
                hogql::answer(&project, &parsed()?)
            }
            ("POST", ["file_download_batch_exports"]) => {
                read("batch_export:write")?;
                self.exports.lock().start(&project, &parsed()?)
            }
            ("GET", ["file_download_batch_exports"]) => {
                read("batch_export:read").map(|()| self.exports.lock().list())
            }
            ("GET", ["file_download_batch_exports", id]) => {
                read("batch_export:read").and_then(|()| self.exports.lock().look(id))
            }
            ("GET", ["file_download_batch_exports", id, "download"]) => {
                read("batch_export:read").and_then(|()| self.exports.lock().sign(id, "0"))
            }
            ("GET", ["file_download_batch_exports", id, "download", file]) => {
                read("batch_export:read").and_then(|()| self.exports.lock().sign(id, file))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn key(&self, authorization: Option<&str>) -> Result<Key, Refusal> {
        let text = authorization.and_then(|header| header.strip_prefix("Bearer "));
        let found = text
            .and_then(|text| self.keys.lock().iter().find(|key| key.text == text.trim()).cloned());
        found.ok_or_else(|| {
            let detail = match text {
                Some(_) => "Personal API key found in request Authorization header is invalid.",
                None => "Authentication credentials were not provided.",
            };
            Refusal::new(401, "authentication_failed").detail(detail)
        })
    }
}

/// The error that a fault is, if it is one that PostHog itself would send.
fn refusal(fault: Option<&Fault>) -> Option<Refusal> {
    Some(match fault? {
        Fault::RateLimited { retry_after, .. } => Refusal::throttled(*retry_after),
        Fault::Status { status: 504, .. } => Refusal::new(504, "timeout_exceeded")
            .detail("Query has hit the max execution time before completing. See our docs."),
        Fault::Status { status, .. } => {
            Refusal::new(*status, "error").detail("A server error occurred.")
        }
        _ => return None,
    })
}
