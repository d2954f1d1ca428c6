//! The stand-in for PostHog as a program, for clients that are not written in Rust.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use paydirt_stand_in::posthog::{Key, PostHog, Project, Settings};

/// Speaks PostHog's API on 127.0.0.1 and prints its address.
#[derive(Debug, Parser)]
#[command(name = "posthog-stand-in")]
struct Arguments {
    /// Port; any that is free unless given
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Number of the project
    #[arg(long, default_value_t = 12345)]
    project: u64,
    /// When the project was made
    #[arg(long, default_value = "2025-01-01T00:00:00Z")]
    start: String,
    /// Events that it holds, and the days over which they came in
    #[arg(long, default_value_t = 1000)]
    events: usize,
    #[arg(long, default_value_t = 21)]
    days: i64,
    /// Key that opens it
    #[arg(long, default_value = "phx_standin")]
    key: String,
    /// Scopes that the key lacks
    #[arg(long)]
    deny: Vec<String>,
    /// As a PostHog without exports on demand
    #[arg(long)]
    without_exports: bool,
    /// Writes all events to this file, a line each, as an export has them
    #[arg(long)]
    dump: Option<PathBuf>,
    /// Writes what capture clients send to this file, a line a request
    #[arg(long)]
    capture: Option<PathBuf>,
}

fn main() -> ExitCode {
    match serve(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve(arguments: &Arguments) -> std::io::Result<()> {
    let mut project = Project::new(arguments.project, &arguments.start);
    project.insert_sample(arguments.events, arguments.days);
    project.insert_people();
    if let Some(path) = &arguments.dump {
        let lines = project.events.iter().map(|event| format!("{}\n", event.exported()));
        std::fs::write(path, lines.collect::<String>())?;
    }
    let denied: Vec<&str> = arguments.deny.iter().map(String::as_str).collect();
    let key = Key::new(&arguments.key).without(&denied);
    let mut settings = Settings::new(project).key(key).port(arguments.port);
    if arguments.without_exports {
        settings = settings.without_exports();
    }
    let server = PostHog::start(settings)?;
    println!("{}", server.url());
    std::io::stdout().flush()?;
    let Some(path) = &arguments.capture else {
        server.wait();
        return Ok(());
    };
    let mut written = 0;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let captured = server.captured();
        if captured.len() > written {
            written = captured.len();
            let lines = captured.iter().map(|payload| format!("{payload}\n"));
            std::fs::write(path, lines.collect::<String>())?;
        }
    }
}
