//! Identifiers that are none, and mail providers.

use serde_json::{Value, json};

use super::land;
use crate::command::paydirt;
use crate::company::Company;
use crate::stripe::{customer, list, subscription};

/// Long after all that these tests land.
const AS_OF: &str = "[backtest]\nas_of = 2025-03-01T00:00:00Z\n";
const KEYS: &str = "[backtest]\nas_of = 2025-03-31T00:00:00Z\n\
    [identity]\naccount_metadata_keys = [\"account_id\"]\n";
const ACCOUNTS: &str = "select customer_id, account_id from models.customer_accounts order by 1";

fn day(day: i64) -> i64 {
    1_735_689_600 + day * 86_400
}

/// An event of PostHog's shape on day 20.
fn event(user: &str, email: Option<&str>, properties: Value) -> Value {
    json!({
        "uuid": format!("uuid-{user}"), "event": "built", "distinct_id": user,
        "timestamp": "2025-01-21T00:00:00Z", "properties": properties,
        "person_properties": { "email": email },
    })
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// Customers `cus_0`, `cus_1`, … made one a day, each with a subscription.
fn land_customers(company: &Company, customers: &[(&str, Value)]) {
    let name = |number: usize| format!("cus_{number}");
    let objects: Vec<Value> = customers
        .iter()
        .enumerate()
        .flat_map(|(number, (email, rest))| {
            let (id, at) = (name(number), day(number as i64));
            let made = customer(&id, at, Some(*email), rest.clone());
            [made, subscription(&format!("sub_{number}"), &id, at, json!({}))]
        })
        .collect();
    company.land_text("stripe.json", list(&objects));
}

/// What `paydirt identity` prints.
fn printed(company: &Company) -> String {
    paydirt(company.root(), &["identity"]).out
}

#[test]
fn case_14_a_placeholder_is_no_account() {
    let company = Company::new(KEYS);
    land(&company, &["14-placeholder-ids/stripe.ndjson", "14-placeholder-ids/events.csv"]);
    let database = company.open();
    let mut accounts = database.rows(ACCOUNTS);
    assert_eq!(accounts[7], "cus_P7 | acc:acct-77");
    accounts.truncate(7);
    let domains = (0..7).map(|n| format!("cus_P{n} | dom:placeholder{n}-foundry.com"));
    assert_eq!(accounts, domains.collect::<Vec<_>>());
    assert_eq!(
        database.rows(
            "select account_id, cast(tier as double), status from product.event_links \
             order by occurred_at"
        ),
        [
            "dom:placeholder1-foundry.com | 0.95 | linked",
            "dom:placeholder2-foundry.com | 0.95 | linked",
            "NULL | NULL | unlinked",
            "acc:acct-77 | 1.0 | linked",
        ]
    );
    let said = printed(&company);
    for line in [
        "placeholders for an id, by which nobody is linked\n",
        "  `undefined`: 2 customers, 2 events\n",
        "  `null`: 2 customers, 1 event\n",
        "  `None`: 1 customer, 0 events\n",
        "  `[object Object]`: 1 customer, 0 events\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn case_14_groups_and_metadata_fall_through_to_the_next_identifier() {
    let company = Company::new(&format!(
        "{AS_OF}[identity]\naccount_metadata_keys = [\"tenant\", \"account_id\"]\n\
         group_types = [\"organization\", \"company\"]\n",
    ));
    land_customers(
        &company,
        &[
            ("ann@one.com", json!({"metadata": {"tenant": "(not set)", "account_id": "42"}})),
            ("ben@two.com", json!({"metadata": {"tenant": "NaN", "account_id": "0"}})),
            ("cleo@gmail.com", json!({"metadata": {"tenant": "-"}})),
            ("dan@four.com", json!({"metadata": {"account_id": "7"}})),
        ],
    );
    let nil = "00000000-0000-0000-0000-000000000000";
    company.land_text(
        "events.ndjson",
        lines(&[
            event("a", None, json!({"$groups": {"organization": "undefined", "company": "42"}})),
            event("b", Some("ben@two.com"), json!({"$groups": {"company": nil}})),
            event("c", Some("x@stranger.com"), json!({"$groups": {"company": "NaN"}})),
            event("d", None, json!({"$groups": {"organization": 0, "company": 7}})),
        ]),
    );
    let database = company.open();
    let accounts =
        ["cus_0 | acc:42", "cus_1 | dom:two.com", "cus_2 | em:cleo@gmail.com", "cus_3 | acc:7"];
    assert_eq!(database.rows(ACCOUNTS), accounts);
    let links = "select distinct_id, account_id from product.event_links order by 1";
    assert_eq!(database.rows(links), ["a | acc:42", "b | dom:two.com", "c | NULL", "d | acc:7"]);
    let said = printed(&company);
    for line in ["`undefined`: 0 customers, 1 event", "`0`: 1 customer, 1 event", nil] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn case_14_a_project_corrects_the_list() {
    let company = Company::new(&format!(
        "{KEYS}placeholder_ids_add = [\"Demo\"]\nplaceholder_ids_remove = [\"default\"]\n"
    ));
    land_customers(
        &company,
        &[
            ("ann@one.com", json!({"metadata": {"account_id": "demo"}})),
            ("ben@two.com", json!({"metadata": {"account_id": "default"}})),
        ],
    );
    let database = company.open();
    assert_eq!(database.rows(ACCOUNTS), ["cus_0 | dom:one.com", "cus_1 | acc:default"]);
    assert_eq!(
        database.rows("select is_placeholder_id('DEMO'), is_placeholder_id(' ')"),
        ["true | true"]
    );
}

#[test]
fn case_14_a_line_by_hand_that_names_a_placeholder_is_refused() {
    for (line, what) in [
        ("user,undefined,acme.com", "overrides.csv:2: key: `undefined` is no user id"),
        ("customer,cus_0,acc:null", "overrides.csv:2: account: `acc:null` names no account"),
    ] {
        let company = Company::new(KEYS);
        land_customers(&company, &[("ann@acme.com", json!({}))]);
        company.write("identity/overrides.csv", format!("kind,key,account\n{line}\n"));
        let said = paydirt(company.root(), &["identity"]);
        assert_ne!(said.code, 0);
        assert!(
            said.err.contains(what) && said.err.contains("placeholder_ids_remove"),
            "{}",
            said.err
        );
    }
}

#[test]
fn case_14_an_id_of_many_companies_is_shown() {
    let company = Company::new(KEYS);
    let of = |email: &'static str, id: &str| (email, json!({"metadata": {"account_id": id}}));
    land_customers(
        &company,
        &[
            of("a@one.com", "shared"),
            of("b@two.com", "shared"),
            of("c@three.com", "shared"),
            of("d@four.com", "shared"),
            of("e@gmail.com", "shared"),
            of("f@five.com", "holding"),
            of("g@six.com", "holding"),
            of("h@seven.com", "holding"),
        ],
    );
    let said = printed(&company);
    let line = "  `shared`: 5 customers of 4 domains, such as four.com, one.com, three.com\n";
    assert!(said.contains(line) && said.contains("suspicious account ids"), "{said}");
    assert!(!said.contains("holding"), "{said}");
    // Shown, not changed.
    assert_eq!(company.open().rows(ACCOUNTS)[0], "cus_0 | acc:shared");
}

#[test]
fn case_18_strangers_at_a_provider_are_accounts_of_their_own() {
    let company = Company::new("");
    land(&company, &["18-mail-providers/stripe.ndjson"]);
    let database = company.open();
    let accounts = "select account_id, count(*) from models.trials group by 1 order by 1";
    let accounts = database.rows(accounts);
    assert_eq!(accounts.len(), 18, "{accounts:?}");
    assert!(accounts.iter().all(|row| row.starts_with("em:") && row.ends_with("| 1")));
    let company_of = "select account_domain('a@mailinblack.com'), account_domain('a@gmx.info')";
    assert_eq!(database.rows(company_of), ["mailinblack.com | NULL"]);
    // The age of the lists shows, also where no event has landed.
    let said = paydirt(company.root(), &["identity"]);
    assert!(said.out.contains("\n  throw-away mail: 1"), "{}", said.out);
    assert!(said.err.contains("no product event has landed"), "{}", said.err);
}

#[test]
fn case_18_customers_with_nothing_in_common_show_a_mail_provider() {
    let people = ["amy", "ben", "cleo", "dan", "eli", "fay"];
    let at = |domain: &str| people.map(|name| format!("{name}@{domain}"));
    let groups = |group: &dyn Fn(usize) -> Value, emails: &[String]| {
        let events = emails.iter().enumerate().map(|(number, email)| {
            event(email, Some(email), json!({"$groups": {"company": group(number)}}))
        });
        lines(&events.collect::<Vec<_>>())
    };
    let company = Company::new(AS_OF);
    // Each their own workspace; one workspace; a placeholder; one name; too few.
    let domains = ["newmail.org", "acme.com", "othermail.org", "named.com", "few.com"];
    let mut customers = vec![];
    for domain in domains {
        for (number, email) in at(domain).into_iter().enumerate() {
            let name = if domain == "named.com" { "Named Ltd" } else { people[number] };
            if domain != "few.com" || number < 4 {
                customers.push((email, json!({ "name": name })));
            }
        }
    }
    let customers: Vec<(&str, Value)> =
        customers.iter().map(|(email, rest)| (email.as_str(), rest.clone())).collect();
    land_customers(&company, &customers);
    let events = [
        groups(&|number| json!(format!("w{number}")), &at("newmail.org")),
        groups(&|_| json!("acme"), &at("acme.com")),
        groups(&|_| json!("undefined"), &at("othermail.org")),
    ];
    company.land_text("events.ndjson", events.concat());
    let said = printed(&company);
    let heading = "domains that make one account of customers who have nothing in common\n";
    let shown = said.split_once(heading).unwrap_or_else(|| panic!("{said}")).1;
    for domain in ["newmail.org", "othermail.org"] {
        let line = format!("  {domain} may be a mail provider: 6 customers, each");
        assert!(shown.contains(&line), "{said}");
    }
    for domain in ["acme.com", "named.com", "few.com"] {
        assert!(!shown.contains(domain), "{said}");
    }
}
