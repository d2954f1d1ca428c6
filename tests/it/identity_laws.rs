//! Laws of linking, on companies made at random: what each event links to follows from the rules
//! alone, whatever the order in which the data came, and no later customer changes it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use crate::company::{Company, Database};
use crate::stripe::{customer, list};

/// Addresses that meet at each tier, and some that meet nobody.
const ADDRESSES: [&str; 10] = [
    "ann@acme.com",
    "ben@acme.com",
    "ben+x@acme.com",
    "cleo@twin.io",
    "dan@twin.io",
    "eve@gmail.com",
    "e.ve+x@googlemail.com",
    "fay@sub.acme.de",
    "gil@alone.net",
    "hal@yahoo.com",
];
const END: i64 = 1_000;

#[derive(Debug, Clone)]
struct Buyer {
    created: i64,
    email: Option<&'static str>,
    account: Option<u8>,
}

#[derive(Debug, Clone)]
struct Deed {
    at: i64,
    user: u8,
    email: Option<&'static str>,
    account: Option<u8>,
}

#[derive(Debug, Clone)]
struct World {
    buyers: Vec<Buyer>,
    deeds: Vec<Deed>,
    /// An alias of acme.de.
    alias: Option<&'static str>,
    /// Where user 1 belongs.
    user: Option<Option<&'static str>>,
}

fn buyers(
    created: std::ops::Range<i64>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<Buyer>> {
    let email = option::weighted(0.9, prop::sample::select(&ADDRESSES[..]));
    let one = (created, email, option::weighted(0.2, 1..4u8));
    vec(one.prop_map(|(created, email, account)| Buyer { created, email, account }), count)
}

fn world() -> impl Strategy<Value = World> {
    let email = option::weighted(0.9, prop::sample::select(&ADDRESSES[..]));
    let deed = (1..END, 0..6u8, email, option::weighted(0.2, 1..5u8));
    let deed = deed.prop_map(|(at, user, email, account)| Deed { at, user, email, account });
    let alias = option::of(prop::sample::select(vec!["dom:acme.com", "dom:twin.io", "acc:1"]));
    let user = prop::sample::select(vec!["dom:acme.com", "em:eve@gmail.com", "acc:2"]);
    (buyers(1..END, 1..12), vec(deed, 20..60), alias, option::of(option::weighted(0.8, user)))
        .prop_map(|(buyers, deeds, alias, user)| World { buyers, deeds, alias, user })
}

/// The rules of linking, one event at a time.
mod rules {
    use super::*;

    fn canonical(email: &str) -> String {
        match email {
            "ben+x@acme.com" => "ben@acme.com".into(),
            "e.ve+x@googlemail.com" => "eve@gmail.com".into(),
            other => other.into(),
        }
    }

    fn domain(email: &str) -> Option<&str> {
        let host = email.split_once('@')?.1;
        match host {
            "gmail.com" | "googlemail.com" | "yahoo.com" => None,
            host => Some(host.strip_prefix("sub.").unwrap_or(host)),
        }
    }

    pub fn account(world: &World, place: usize) -> String {
        let buyer = &world.buyers[place];
        match (buyer.account, buyer.email) {
            (Some(id), _) => format!("acc:{id}"),
            (None, Some(email)) => match (domain(email), world.alias) {
                (Some("acme.de"), Some(alias)) => alias.to_owned(),
                (Some(domain), _) => format!("dom:{domain}"),
                (None, _) => format!("em:{}", canonical(email)),
            },
            (None, None) => format!("cus:c{place}"),
        }
    }

    /// `account | tier` of an event, `ambiguous`, or nothing.
    pub fn link(world: &World, deed: &Deed) -> Option<String> {
        // Tier in percent, from when, account.
        let mut candidates: Vec<(i64, i64, String)> = vec![];
        let accounts: Vec<String> = (0..world.buyers.len()).map(|at| account(world, at)).collect();
        let first = |wanted: &str| {
            let of = accounts.iter().zip(&world.buyers).filter(|(account, _)| *account == wanted);
            of.map(|(_, buyer)| buyer.created).min()
        };
        if let (1, Some(settled)) = (deed.user, world.user) {
            let account = settled?;
            candidates.push((100, first(account)?, account.to_owned()));
        } else {
            for (buyer, account) in world.buyers.iter().zip(&accounts) {
                let mut add = |tier| candidates.push((tier, buyer.created, account.clone()));
                if deed.account.is_some() && buyer.account == deed.account {
                    add(100);
                }
                let (Some(theirs), Some(own)) = (deed.email, buyer.email) else { continue };
                if theirs == own {
                    add(95);
                }
                if canonical(theirs) == canonical(own) {
                    add(90);
                }
                let is_aliased = world.alias.is_some() && domain(own) == Some("acme.de");
                if domain(theirs).is_some() && domain(theirs) == domain(own) && !is_aliased {
                    add(70);
                }
            }
            if let (Some("acme.de"), Some(alias)) = (deed.email.and_then(domain), world.alias)
                && let Some(created) = first(alias)
            {
                candidates.push((70, created, alias.to_owned()));
            }
        }
        let earliest = candidates.iter().map(|(_, from, _)| *from).min()?;
        let tau = earliest.max(deed.at);
        candidates.retain(|(_, from, _)| *from <= tau);
        let tier = candidates.iter().map(|(tier, ..)| *tier).max()?;
        let at_tier: BTreeSet<&String> = candidates
            .iter()
            .filter(|candidate| candidate.0 == tier)
            .map(|(.., account)| account)
            .collect();
        Some(match at_tier.len() {
            1 => format!("{} | {tier}", at_tier.first()?),
            _ => "ambiguous".to_owned(),
        })
    }
}

impl World {
    fn company(&self) -> Company {
        let company = Company::new(
            "[identity]\naccount_metadata_keys = [\"account_id\"]\n[backtest]\nas_of = 9999\n",
        );
        if let Some(alias) = self.alias {
            company.write("identity/aliases.csv", format!("domain,account\nacme.de,{alias}\n"));
        }
        if let Some(user) = self.user {
            let text = format!("kind,key,account\nuser,u1,{}\n", user.unwrap_or_default());
            company.write("identity/overrides.csv", text);
        }
        company
    }

    /// Every customer bears the same name: names do not link.
    fn customers(&self) -> Vec<String> {
        let each = self.buyers.iter().enumerate().map(|(place, buyer)| {
            let metadata = buyer.account.map(|id| json!({ "account_id": id.to_string() }));
            let rest = json!({ "name": "Jane Doe", "metadata": metadata.unwrap_or(json!({})) });
            customer(&format!("c{place}"), buyer.created, buyer.email, rest).to_string()
        });
        each.collect()
    }

    fn events(&self) -> Vec<String> {
        let each = self.deeds.iter().enumerate().map(|(place, deed)| {
            let moment = chrono::DateTime::from_timestamp(deed.at, 0).unwrap();
            let groups = deed.account.map(|id| json!({ "company": id.to_string() }));
            json!({
                "uuid": format!("uuid-{place}"), "event": format!("{place:02}"),
                "distinct_id": format!("u{}", deed.user), "timestamp": moment.to_rfc3339(),
                "properties": { "$groups": groups.unwrap_or(json!({})) },
                "person_properties": { "email": deed.email, "name": "Jane Doe" },
            })
            .to_string()
        });
        each.collect()
    }

    fn land(&self) -> Company {
        let company = self.company();
        let customers: Vec<_> =
            self.customers().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        company.land_text("customers.json", list(&customers));
        company.land_text("events.ndjson", self.events().join("\n"));
        company
    }

    fn expected(&self) -> Vec<String> {
        let links = self.deeds.iter().map(|deed| rules::link(self, deed));
        links.map(|link| link.unwrap_or_else(|| "unlinked".into())).collect()
    }
}

/// `account | tier`, `ambiguous` or `unlinked` of every event, in order.
fn links(database: &Database) -> Vec<String> {
    database.rows(
        "select case status when 'linked' \
         then account_id || ' | ' || cast(cast(tier * 100 as int) as varchar) else status end \
         from product.event_links order by event",
    )
}

/// Runs a law on companies that are the same each time.
fn law<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config =
        Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng).run(&strategy, test).unwrap();
}

#[test]
fn every_event_links_by_the_rules() {
    law(12, world(), |world| {
        let database = world.land();
        prop_assert_eq!(links(&database.open()), world.expected());
        Ok(())
    });
}

#[test]
fn order_batches_and_syncs_do_not_matter() {
    let cut = (world(), any::<prop::sample::Index>(), vec(any::<u32>(), 80), 1..5usize);
    law(5, cut, |(world, cut, keys, pieces)| {
        let company = world.company();
        let shuffled = |texts: Vec<String>| -> Vec<String> {
            let mut keyed: Vec<_> = keys.iter().cycle().zip(texts).collect();
            keyed.sort();
            keyed.into_iter().map(|(_, text)| text).collect()
        };
        let (customers, events) = (shuffled(world.customers()), shuffled(world.events()));
        let at = cut.index(customers.len());
        company.land_text("one.ndjson", customers[..at].join("\n") + "\n");
        for (place, piece) in events.chunks(events.len().div_ceil(pieces)).enumerate() {
            company.land_text(&format!("events-{place}.ndjson"), piece.join("\n"));
            // A sync between, which computes what it then knows.
            let database = company.open();
            let session = database.engine.storing_all().session().unwrap();
            links(&Database { engine: database.engine, session });
        }
        company.land_text("two.ndjson", customers[at..].join("\n") + "\n");
        prop_assert_eq!(links(&company.open()), world.expected());
        Ok(())
    });
}

#[test]
fn a_later_customer_changes_no_link() {
    law(5, (world(), buyers(END..2 * END, 1..8)), |(world, later)| {
        let company = world.land();
        let before = links(&company.open());
        let mut more = world.clone();
        more.buyers.extend(later);
        let customers = more.customers()[world.buyers.len()..].join("\n");
        company.land_text("later.ndjson", customers + "\n");
        let database = company.open();
        for (before, after) in before.iter().zip(links(&database)) {
            // Whoever had nobody may find somebody.
            prop_assert!(*before == after || before == "unlinked", "{before} became {after}");
        }
        database.at(&(END - 1).to_string());
        let then = links(&database);
        prop_assert_eq!(then, before);
        Ok(())
    });
}

#[test]
fn accounts_are_not_merged_through_a_person() {
    law(5, world(), |world| {
        let accounts = |company: &Company| {
            company
                .open()
                .rows("select customer_id, account_id from models.customer_accounts order by 1")
        };
        let (with, without) = (world.land(), World { deeds: vec![], ..world.clone() });
        let alone = without.company();
        alone.land_text("customers.ndjson", world.customers().join("\n") + "\n");
        prop_assert_eq!(accounts(&with), accounts(&alone));
        let expected: BTreeMap<String, String> = (0..world.buyers.len())
            .map(|at| (format!("c{at}"), rules::account(&world, at)))
            .collect();
        let expected: Vec<String> =
            expected.iter().map(|(id, account)| format!("{id} | {account}")).collect();
        prop_assert_eq!(accounts(&with), expected);
        Ok(())
    });
}
