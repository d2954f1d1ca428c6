//! The stand-in as a program, for clients that are not written in Rust.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use paydirt_stand_in::{
    ACACIA, DAHLIA, Fault, Key, Limits, Mutator, Rule, Server, Settings, World, load,
};

/// Speaks Stripe's API on 127.0.0.1 and prints its address.
#[derive(Debug, Parser)]
#[command(name = "stripe-stand-in")]
struct Arguments {
    /// Port; any that is free unless given
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder of exported lists to serve: customers.json, invoices.json.gz, …
    #[arg(long)]
    load: Option<PathBuf>,
    /// Customers of a made-up company to serve
    #[arg(long, conflicts_with = "load")]
    sample: Option<u32>,
    /// Generation of the objects' shape
    #[arg(long, value_enum, default_value_t = Shape::Dahlia)]
    shape: Shape,
    /// API version of the objects, where it is not the usual one of the shape
    #[arg(long)]
    version: Option<String>,
    /// Serve objects as they are, without the fields that Stripe would add
    #[arg(long)]
    as_given: bool,
    /// Keys that open it; rk_live_standin, rk_test_standin and the same with sk unless given
    #[arg(long)]
    key: Vec<String>,
    /// Resources that the keys may not read
    #[arg(long)]
    deny: Vec<String>,
    /// Requests after which the keys are expired
    #[arg(long)]
    expires_after: Option<u64>,
    /// The account's time in unix seconds; the newest of its objects unless given
    #[arg(long)]
    now: Option<i64>,
    /// Enforce Stripe's published rate limits
    #[arg(long, value_enum)]
    limits: Option<Mode>,
    /// Chance that a request meets one of all faults
    #[arg(long)]
    storm: Option<f64>,
    /// Chance that a request is answered with 429
    #[arg(long)]
    limited: Option<f64>,
    /// Milliseconds that each answer takes longer
    #[arg(long)]
    slow: Option<u64>,
    /// Changes of the world before each request
    #[arg(long, default_value_t = 0)]
    changes: usize,
    /// Seed of faults and changes
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    /// 2025-02-24.acacia
    Acacia,
    /// 2026-05-27.dahlia; clover has the same
    #[value(alias = "clover")]
    Dahlia,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Live,
    Sandbox,
}

fn main() -> ExitCode {
    match serve(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve(arguments: Arguments) -> Result<(), String> {
    let usual = match arguments.shape {
        Shape::Acacia => ACACIA,
        Shape::Dahlia => DAHLIA,
    };
    let mut live = World::new(arguments.version.as_deref().unwrap_or(usual));
    if arguments.as_given {
        live = live.as_given();
    }
    if let Some(customers) = arguments.sample {
        live.insert_sample(customers, 1_767_225_600);
    }
    let mut worlds = match &arguments.load {
        Some(folder) => {
            let loaded = load(folder, live)?;
            vec![loaded.live, loaded.test]
        }
        None => vec![live],
    };
    for world in &mut worlds {
        if let Some(now) = arguments.now {
            world.set_now(now);
        }
    }
    let mut worlds = worlds.into_iter();
    let mut settings = Settings::new(worlds.next().ok_or("there is no world")?);
    settings = worlds.fold(settings, Settings::world).port(arguments.port).seed(arguments.seed);
    let mut keys = arguments.key;
    if keys.is_empty() {
        keys = ["rk_live", "sk_live", "rk_test", "sk_test"].map(|k| format!("{k}_standin")).into();
    }
    let denied: Vec<&str> = arguments.deny.iter().map(String::as_str).collect();
    for key in keys {
        let mut key = Key::new(&key).without(&denied);
        if let Some(requests) = arguments.expires_after {
            key = key.expires_after(requests);
        }
        settings = settings.key(key);
    }
    if let Some(mode) = arguments.limits {
        settings = settings.limits(match mode {
            Mode::Live => Limits::live(),
            Mode::Sandbox => Limits::sandbox(),
        });
    }
    let server = Server::start(settings).map_err(|error| error.to_string())?;
    if let Some(chance) = arguments.storm {
        server.faults().storm(chance);
    }
    if let Some(chance) = arguments.limited {
        let fault = Fault::RateLimited { reason: Some("global-rate"), retry_after: None };
        server.faults().add(Rule::on("*", fault).chance(chance));
    }
    if let Some(milliseconds) = arguments.slow {
        server.faults().add(Rule::on("*", Fault::Slow(Duration::from_millis(milliseconds))));
    }
    if arguments.changes > 0 {
        let mut mutator = Mutator::new(arguments.seed);
        let steps = arguments.changes;
        server.before_each(move |world, _| mutator.steps(world, steps));
    }
    println!("{}", server.url());
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    server.wait();
    Ok(())
}
