//! Stripe over the wire, against the stand-in.

mod backfill;
mod current;
mod keys;
mod shapes;
mod storm;

use std::path::Path;

use paydirt_stand_in::{DAHLIA, Server, Settings, World};

use crate::command::{Said, paydirt_with_key};
use crate::company::{Company, Database};

const KEY: &str = "rk_live_standin";
/// 2026-01-01.
const START: i64 = 1_767_225_600;

/// Resources of ours and of the stand-in that hold the same objects.
const SAME: &[(&str, &str)] = &[
    ("customers", "customers"),
    ("subscriptions", "subscriptions"),
    ("invoices", "invoices"),
    ("invoice_payments", "invoice_payments"),
    ("invoice_items", "invoiceitems"),
    ("charges", "charges"),
    ("payment_intents", "payment_intents"),
    ("payment_methods", "payment_methods"),
    ("refunds", "refunds"),
    ("disputes", "disputes"),
    ("credit_notes", "credit_notes"),
    ("products", "products"),
    ("prices", "prices"),
    ("coupons", "coupons"),
    ("promotion_codes", "promotion_codes"),
    ("subscription_schedules", "subscription_schedules"),
    ("balance_transactions", "balance_transactions"),
];

/// A sample company on a server.
fn sample_world(customers: u32) -> World {
    let mut world = World::new(DAHLIA);
    world.insert_sample(customers, START);
    world
}

fn serve(world: World) -> Server {
    Server::start(Settings::new(world)).unwrap()
}

/// A project that reads from a server, as fast as it can.
fn project(server: &Server, more: &str) -> Company {
    Company::new(&format!(
        "[source.stripe]\napi_base = \"{}\"\nrate_limit = 1000000\n{more}\n",
        server.url()
    ))
}

fn sync(folder: &Path) -> Said {
    paydirt_with_key(folder, &["sync", "stripe"], KEY)
}

/// Ids that count as there in the lake, oldest version or newest, sorted.
fn landed_ids(database: &Database, resource: &str) -> Vec<String> {
    let mut ids = database.rows(&format!(
        "select id from stripe_version.{resource} where is_in_mode and not is_deleted"
    ));
    ids.sort();
    ids
}

/// Every object of the server is in the lake, and no other.
#[track_caller]
fn assert_same(server: &Server, company: &Company) {
    let database = company.open();
    database.at("2099-01-01");
    for (ours, theirs) in SAME {
        let mut expected = server.world().ids(theirs);
        expected.sort();
        assert_eq!(landed_ids(&database, ours), expected, "{ours}");
    }
}
