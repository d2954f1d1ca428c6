//! What a project's own tables say of who is who: `identity/aliases.csv`, `internal_domains.csv` and
//! `overrides.csv`.

use serde_json::{Value, json};

use crate::command::paydirt;
use crate::company::{Company, Database};
use crate::stripe::{customer, list, subscription};

/// A company of three customers, made on days 1, 2 and 5, and events on day 3 and later.
fn company() -> Company {
    let company = Company::new(
        "[identity]\naccount_metadata_keys = [\"account_id\"]\n[backtest]\nas_of = 2000000\n",
    );
    let customers = [
        customer("cus_acme", day(1), Some("ann@acme.com"), json!({})),
        customer("cus_acmeio", day(2), Some("ben@acme.io"), json!({})),
        customer("cus_solo", day(5), Some("cleo@gmail.com"), json!({})),
        customer("cus_id", day(5), Some("dan@ids.com"), json!({"metadata": {"account_id": "42"}})),
    ];
    company.land_text("customers.json", list(&customers));
    let events = [
        event("a", "u1", day(3), Some("x@acme.com"), json!({})),
        event("b", "u2", day(3), Some("x@acme.io"), json!({})),
        event("c", "u3", day(3), Some("x@acme.de"), json!({})),
        event("d", "u4", day(3), None, json!({})),
        event("e", "u5", day(6), Some("ann@acme.com"), json!({"$groups": {"company": "42"}})),
    ];
    company.land_text("events.ndjson", events.map(|event| format!("{event}\n")).concat());
    company
}

fn day(day: i64) -> i64 {
    day * 86_400
}

fn event(name: &str, user: &str, at: i64, email: Option<&str>, more: Value) -> Value {
    let moment = chrono::DateTime::from_timestamp(at, 0).unwrap();
    json!({
        "uuid": format!("uuid-{name}"), "event": name, "distinct_id": user,
        "timestamp": moment.to_rfc3339(), "properties": more,
        "person_properties": { "email": email },
    })
}

/// `event | account | tier | by hand` of every event that is linked, in order.
fn links(database: &Database) -> Vec<String> {
    database.rows(
        "select event, account_id, cast(tier as double), is_override \
         from product.account_events order by event",
    )
}

fn accounts(database: &Database) -> Vec<String> {
    database.rows("select customer_id, account_id from models.customer_accounts order by 1")
}

#[test]
fn without_tables_the_data_decides() {
    let company = company();
    let database = company.open();
    assert_eq!(
        links(&database),
        [
            "a | dom:acme.com | 0.7 | false",
            "b | dom:acme.io | 0.7 | false",
            "e | acc:42 | 1.0 | false",
        ]
    );
    let customers = [
        "cus_acme | dom:acme.com",
        "cus_acmeio | dom:acme.io",
        "cus_id | acc:42",
        "cus_solo | em:cleo@gmail.com",
    ];
    assert_eq!(accounts(&database), customers);
    // Nobody's user is looked up where there are no users to look up.
    let plan = database.rows("explain select identity_key from index.events").concat();
    assert!(!plan.contains("distinct_id"), "{plan}");
}

#[test]
fn an_alias_makes_a_domain_belong_to_an_account() {
    for account in ["acme.com", "dom:acme.com", "cus_acme"] {
        let company = company();
        let text = format!("domain,account\nacme.io,{account}\nacme.de,{account}\n");
        company.write("identity/aliases.csv", text);
        let database = company.open();
        assert_eq!(
            links(&database),
            [
                "a | dom:acme.com | 0.7 | false",
                "b | dom:acme.com | 0.7 | false",
                "c | dom:acme.com | 0.7 | false",
                "e | acc:42 | 1.0 | false",
            ],
            "{account}"
        );
        assert_eq!(accounts(&database)[1], "cus_acmeio | dom:acme.com", "{account}");
        assert_eq!(
            database.rows("select domain, account from identity.aliases order by line").len(),
            2
        );
    }
}

#[test]
fn an_alias_counts_from_the_first_day_of_its_account() {
    let company = company();
    // The account of ids.com is made two days after the event.
    company.write("identity/aliases.csv", "domain,account\nacme.de,acc:42\n");
    let database = company.open();
    let sql = "select known_at, account_id from product.account_events where event = 'c'";
    assert_eq!(database.at(&day(4).to_string()).rows(sql), Vec::<String>::new());
    assert_eq!(database.at(&day(5).to_string()).rows(sql), ["1970-01-06T00:00:00Z | acc:42"]);
}

#[test]
fn an_override_comes_before_all_evidence() {
    let company = company();
    company.write(
        "identity/overrides.csv",
        "kind,key,account\nemail,X@acme.com,acme.io\nuser,u4,cus_solo\nuser,u5,acme.com\n\
         email,ann@acme.com,acme.io\nemail,x@acme.io,\n",
    );
    let database = company.open();
    assert_eq!(
        links(&database),
        [
            "a | dom:acme.io | 1.0 | true",
            "d | em:cleo@gmail.com | 1.0 | true",
            // What is said of the user comes before what is said of the address.
            "e | dom:acme.com | 1.0 | true",
        ]
    );
    let sql = "select account_id from product.account_events where event = 'd'";
    assert_eq!(database.at(&day(4).to_string()).rows(sql), Vec::<String>::new());
}

#[test]
fn an_override_of_a_customer_moves_it() {
    let company = company();
    company.write(
        "identity/overrides.csv",
        "kind,key,account\ncustomer,cus_acmeio,acc:group\ncustomer,cus_solo,acme.com\n\
         customer,cus_acme,\n",
    );
    let database = company.open();
    assert_eq!(
        accounts(&database),
        [
            "cus_acme | cus:cus_acme",
            "cus_acmeio | acc:group",
            "cus_id | acc:42",
            "cus_solo | dom:acme.com"
        ]
    );
    // Set apart, nothing links to the first by its address.
    assert_eq!(links(&database), ["b | acc:group | 0.7 | false", "e | acc:42 | 1.0 | false"]);
}

#[test]
fn internal_domains_may_stand_in_a_table() {
    let company = company();
    company.write("identity/internal_domains.csv", "domain\nacme.io\nacme.io\n");
    let internal = "select account_id from models.accounts where is_internal";
    assert_eq!(company.open().rows(internal), ["dom:acme.io"]);
}

#[test]
fn a_changed_table_makes_stored_results_anew() {
    let company = company();
    let stored = |company: &Company| {
        let database = company.open();
        let engine = database.engine.storing_all();
        let session = engine.session().unwrap();
        links(&Database { engine, session })
    };
    let before = stored(&company);
    assert_eq!(stored(&company), before);
    company.write("identity/aliases.csv", "domain,account\nacme.de,acme.com\n");
    assert_eq!(stored(&company).len(), before.len() + 1);
    std::fs::remove_file(company.root().join("identity/aliases.csv")).unwrap();
    assert_eq!(stored(&company), before);
}

/// The company with tables of every kind, in which something is left over.
fn with_tables() -> Company {
    let company = company();
    company
        .write("identity/aliases.csv", "domain,account\nacme.de,acme.com\nnowhere.de,cus_none\n");
    company.write(
        "identity/overrides.csv",
        "kind,key,account\nuser,u4,cus_solo\nemail,qa@acme.com,\nemail,zoe@acme.com,dom:gone.com\n",
    );
    let more = [
        customer(
            "cus_left",
            day(1),
            Some("eve@twin.com"),
            json!({"metadata": {"account_id": "1"}}),
        ),
        customer(
            "cus_right",
            day(2),
            Some("fay@twin.com"),
            json!({"metadata": {"account_id": "2"}}),
        ),
    ];
    company.land_text("more.json", list(&more));
    let trial = |customer: &str| {
        let times = json!({"trial_start": day(5), "trial_end": day(12), "status": "trialing"});
        subscription(&format!("sub_{customer}"), customer, day(5), times)
    };
    let trials = ["cus_acme", "cus_acmeio", "cus_left", "cus_id", "cus_solo"].map(trial);
    company.land_text("trials.json", list(&trials));
    let events = [
        event("f", "u6", day(6), Some("qa@acme.com"), json!({})),
        event("g", "u7", day(6), Some("gil@twin.com"), json!({})),
        event("h", "u8", day(6), Some("hal@gmail.com"), json!({})),
        event("i", "u9", day(6), Some("ivy@acme.fr"), json!({})),
        event("j", "u10", day(6), Some("jo@unknown.net"), json!({})),
        event("k", "u11", day(6), None, json!({"$groups": {"company": "77"}})),
        event("l", "u12", day(6), None, json!({})),
        event("m", "u13", day(6), Some("not an address"), json!({})),
        event("n", "u14", day(6), Some("Cleo+work@googlemail.com"), json!({})),
        event("o", "u15", day(6), Some("ann@acme.com"), json!({})),
        event("p", "u16", day(6), Some("x@nowhere.de"), json!({})),
    ];
    company.land_text("more.ndjson", events.map(|event| format!("{event}\n")).concat());
    company
}

#[test]
fn the_command_shows_what_is_linked_and_what_would_link_more() {
    let company = with_tables();
    let said = paydirt(company.root(), &["identity"]);
    insta::assert_snapshot!(format!("{}{}", said.out, said.err));
    assert_eq!(said.code, 0);
}

#[test]
fn the_command_explains_an_address() {
    let company = with_tables();
    let explain = |email: &str| {
        let said = paydirt(company.root(), &["identity", email]);
        assert_eq!(said.code, 0, "{}", said.err);
        format!("$ paydirt identity '{email}'\n{}", said.out)
    };
    let addresses = [
        "Ann <ANN@acme.com>",
        "cleo+work@googlemail.com",
        "gil@twin.com",
        "x@acme.de",
        "qa@acme.com",
        "zoe@acme.com",
        "hal@gmail.com",
        "jo@unknown.net",
        "jane at acme",
    ];
    insta::assert_snapshot!(addresses.map(explain).join("\n"));
}

#[test]
fn the_function_explains_in_sql_as_of_a_moment() {
    let company = with_tables();
    let sql = |sql: &str| paydirt(company.root(), &["sql", "--format", "csv", "-c", sql]);
    let decision = "select account_id, confidence from identity_explain('x@acme.io') \
        where step = 'decision'";
    assert_eq!(sql(decision).printed(), "account_id,confidence\ndom:acme.io,0.7\n");
    let before = format!("set paydirt.as_of = '{}'; {decision}", day(1));
    assert_eq!(sql(&before).printed(), "account_id,confidence\n,\n");
    let refused = sql("select * from identity_explain(1)");
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("identity_explain() takes an e-mail address"), "{}", refused.err);
}

#[test]
fn an_unknown_account_is_said() {
    let company = company();
    company.write("identity/overrides.csv", "kind,key,account\ncustomer,cus_no,acme.com\n");
    company.write("identity/aliases.csv", "domain,account\n\na.de,cus_no\nb.de,gone.com\n");
    let said = paydirt(company.root(), &["identity"]);
    for warning in [
        "warning: identity/aliases.csv:3: cus_no is no Stripe customer\n",
        "warning: identity/aliases.csv:4: dom:gone.com is no account\n",
        "warning: identity/overrides.csv:2: cus_no is no Stripe customer\n",
    ] {
        assert!(said.err.contains(warning), "{warning}{}", said.err);
    }
    company.write(
        "sql/hypotheses/any.sql",
        "-- Any event.\n-- @horizon 30d\nselect account_id, occurred_at as signal_at \
         from product.account_events\n",
    );
    let report = paydirt(company.root(), &["backtest", "any"]).printed();
    assert!(report.contains("identity/aliases.csv:3: cus_no is no Stripe customer"), "{report}");
    // With a wrong table nothing is answered.
    company.write("identity/aliases.csv", "domain,account\nacme,acme.com\n");
    let said = paydirt(company.root(), &["events"]);
    assert_eq!(said.code, 2);
    let error = "identity/aliases.csv:2: domain: `acme` is not a domain\nhint: write it as in";
    assert!(said.err.contains(error), "{}", said.err);
}

#[test]
fn tables_are_described_in_the_shell() {
    let company = company();
    let said = paydirt(company.root(), &["sql", "-c", "\\d identity.*"]).printed();
    for words in
        ["identity.aliases ", "Domains that belong to an account, from identity/aliases.csv."]
    {
        assert!(said.contains(words), "{said}");
    }
}
