//! One request from its head to the bytes of its answer.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::connection::{End, Request, Response, Service};
use crate::date::http_date;
use crate::document::document;
use crate::fault::{Fault, draw};
use crate::key::{self, Key};
use crate::limit::limited;
use crate::list::Page;
use crate::log::Seen;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::route::{Found, Route};
use crate::server::Shared;
use crate::version::is_version;

/// What is sent, before faults of the wire.
struct Reply {
    status: u16,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    objects: usize,
}

impl Service for Shared {
    fn answer(&self, request: &Request, under_way: usize) -> (Response, Duration) {
        answer(self, request, under_way)
    }
}

fn answer(shared: &Shared, request: &Request, under_way: usize) -> (Response, Duration) {
    // Ids of coupons are what their makers like.
    let path = percent_decode_str(request.path()).decode_utf8_lossy();
    let path = &*path;
    let text = request.query();
    let query = Query::parse(text);
    let header = |name: &str| request.header(name);
    let sent = |name: &str| header(name).map(str::to_owned);
    let endpoint = document().template(path).unwrap_or(path);
    let mut seen = Seen {
        method: request.method.clone(),
        path: path.to_owned(),
        endpoint: endpoint.to_owned(),
        query: query.pairs().map(|(name, value)| (name, value.to_owned())).collect(),
        key: key::of_header(header("authorization")).ok().map(key::masked),
        version: sent("stripe-version"),
        account: sent("stripe-account"),
        user_agent: sent("user-agent"),
        takes_gzip: request.takes_gzip(),
        status: 0,
        fault: None,
        objects: 0,
    };
    let target = format!("{path}?{text}");
    let asked = shared.log.lock().ask(&target);
    let fault = shared.faults.lock().of(path, &target, asked);
    seen.fault = fault.as_ref().map(Fault::name);

    let told = match &fault {
        Some(fault) => refusal(fault),
        None => None,
    };
    let taken = match told {
        Some(refusal) => Err(refusal),
        None => shared.allowance.lock().take(endpoint, under_way),
    };
    let (now, version, reply) = match taken {
        Ok(()) => {
            let authorization = header("authorization");
            asked_of_world(shared, &seen, path, &query, authorization, fault.as_ref(), &target)
        }
        Err(refusal) => (shared.first().world.read().now(), None, refused(&refusal)),
    };
    seen.status = if fault == Some(Fault::Reset) { 0 } else { reply.status };
    seen.objects = reply.objects;
    let mut log = shared.log.lock();
    let id = format!("req_{:014}", log.seen.len() + 1);
    log.seen.push(seen);
    drop(log);
    finish(reply, fault, now, version, &id)
}

/// The answer of the account that a request is for, with its time and its version.
fn asked_of_world(
    shared: &Shared,
    seen: &Seen,
    path: &str,
    query: &Query,
    authorization: Option<&str>,
    fault: Option<&Fault>,
    target: &str,
) -> (i64, Option<String>, Reply) {
    let first = &shared.first().world;
    let key = match open(shared, authorization) {
        Ok(key) => key,
        Err(refusal) => return (first.read().now(), None, refused(&refusal)),
    };
    let account = match reached(shared, &key, seen.account.as_deref()) {
        Ok(account) => account,
        Err(refusal) => return (first.read().now(), None, refused(&refusal)),
    };
    let Some(world) = shared.world(&account, key.is_live()) else {
        let refusal = key::no_access(&key.text, &account);
        return (first.read().now(), None, refused(&refusal));
    };
    if let Some(hook) = shared.hook.lock().as_mut() {
        hook(&mut world.write(), seen);
    }
    let world = world.read();
    let other = shared.world(&account, !key.is_live()).map(|other| other.read());
    let found = Route::of(&seen.method, path).and_then(|route| {
        if let Some(version) = seen.version.as_deref().filter(|version| !is_version(version)) {
            return Err(Refusal::new(400, format!("Invalid Stripe API version: {version}")));
        }
        let (resource, permission) = route.permission();
        key.check(resource, permission)?;
        query.check(&seen.endpoint)?;
        let overlap = match fault {
            Some(Fault::Overlap(objects)) => *objects,
            _ => 0,
        };
        route.answer(path, query, &world, other.as_deref(), overlap)
    });
    let reply = match found {
        Ok(Found::One(body)) => plain(body, 1),
        Ok(Found::Page(mut page)) => {
            if let Some(fault) = fault {
                disturb(&mut page, fault, target);
            }
            plain(page.bytes(), page.objects.len())
        }
        Err(refusal) => refused(&refusal),
    };
    (world.now(), Some(world.version().to_owned()), reply)
}

/// The key of a request, counted.
fn open(shared: &Shared, authorization: Option<&str>) -> Result<Key, Refusal> {
    let text = key::of_header(authorization)?;
    let mut keys = shared.keys.lock();
    let key = keys.iter_mut().find(|key| key.text == text);
    let key = key.ok_or_else(|| key::unknown(text))?;
    key.use_once()?;
    Ok(key.clone())
}

/// The account that a request is for.
fn reached(shared: &Shared, key: &Key, wanted: Option<&str>) -> Result<String, Refusal> {
    match wanted {
        Some(account) if account != key.account => {
            // Only the first account is a platform with others below it.
            let is_platform = shared.first().account == key.account;
            if !is_platform || !shared.has_account(account) {
                Err(key::no_access(&key.text, account))
            } else if key.is_restricted() && !key.has_connect {
                Err(key::no_connect(&key.text))
            } else {
                Ok(account.to_owned())
            }
        }
        _ => Ok(key.account.clone()),
    }
}

fn plain(body: Bytes, objects: usize) -> Reply {
    Reply { status: 200, kind: "application/json", headers: vec![], body, objects }
}

fn refused(refusal: &Refusal) -> Reply {
    let body = Bytes::from(refusal.body().to_string());
    let headers = refusal.headers.clone();
    Reply { status: refusal.status, kind: "application/json", headers, body, objects: 0 }
}

/// The error that a fault is, if it is one that Stripe itself would send.
fn refusal(fault: &Fault) -> Option<Refusal> {
    match fault {
        Fault::RateLimited { reason, retry_after } => {
            let refusal = limited(*reason);
            Some(match retry_after {
                Some(seconds) => refusal.header("retry-after", seconds.to_string()),
                None => refusal,
            })
        }
        Fault::LockTimeout => Some(
            Refusal::new(
                429,
                "This object cannot be accessed right now because another API request or Stripe \
                 process is currently accessing it. If you see this error intermittently, retry \
                 the request. If you see this error frequently and are making multiple concurrent \
                 requests to a single object, make your requests serially or at a lower rate.",
            )
            .code("lock_timeout"),
        ),
        Fault::Status { status, should_retry } => {
            let refusal = Refusal::new(*status, "An unknown error occurred").kind("api_error");
            Some(match should_retry {
                Some(flag) => refusal.header("stripe-should-retry", flag.to_string()),
                None => refusal,
            })
        }
        _ => None,
    }
}

/// Faults of a page: the objects are all there, but not as they should be.
fn disturb(page: &mut Page, fault: &Fault, target: &str) {
    match fault {
        Fault::Duplicate => {
            let doubled = page.objects.iter().enumerate().flat_map(|(at, object)| {
                let times = if draw((target, at)) < 0.3 { 2 } else { 1 };
                std::iter::repeat_n(object.clone(), times)
            });
            page.objects = doubled.collect();
        }
        Fault::Reorder => {
            let mut order: Vec<(u64, Bytes)> = page
                .objects
                .iter()
                .enumerate()
                .map(|(at, object)| ((draw((target, at)) * 1e15) as u64, object.clone()))
                .collect();
            order.sort_by_key(|(key, _)| *key);
            page.objects = order.into_iter().map(|(_, object)| object).collect();
        }
        _ => {}
    }
}

pub(crate) const PROXY_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Access denied</title></head>\n\
                          <body><h1>Gateway</h1><p>The proxy could not reach the host.</p></body>\
                          </html>\n";

fn finish(
    mut reply: Reply,
    fault: Option<Fault>,
    now: i64,
    version: Option<String>,
    id: &str,
) -> (Response, Duration) {
    let mut delay = Duration::ZERO;
    let mut end = End::Whole;
    match fault {
        Some(Fault::ProxyPage { status }) => {
            let body = Bytes::from_static(PROXY_PAGE.as_bytes());
            reply = Reply { status, kind: "text/html", headers: vec![], body, objects: 0 };
        }
        Some(Fault::BadJson) => reply.body = reply.body.slice(..reply.body.len() * 2 / 3),
        Some(Fault::Cut) => end = End::Cut(reply.body.len() / 2),
        Some(Fault::Reset) => end = End::Reset,
        Some(Fault::Slow(time)) => delay = time,
        _ => {}
    }
    let mut headers = vec![
        ("content-type", reply.kind.to_owned()),
        ("date", http_date(now)),
        ("request-id", id.to_owned()),
    ];
    headers.extend(version.map(|version| ("stripe-version", version)));
    headers.extend(reply.headers);
    (Response { status: reply.status, headers, body: reply.body, end }, delay)
}
