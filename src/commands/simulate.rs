//! `paydirt simulate`: a made-up company of any size, to try things on and to measure with.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::SimulateArgs;
use crate::error::Result;
use crate::format::{count, counted};
use crate::simulate::{self, Progress, Settings};

pub fn run(args: &SimulateArgs) -> Result<ExitCode> {
    let settings = Settings {
        accounts: args.accounts,
        events: args.events,
        seed: args.seed,
        shape: args.shape,
        is_compressed: args.compress,
        as_of: simulate::AS_OF,
    };
    // Accounts and events take about the same time each.
    let bar = ProgressBar::new(args.accounts + args.events);
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {percent:>3} % {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    let made = simulate::write(&args.out, &settings, &mut |progress| match progress {
        Progress::Accounts(accounts) => {
            bar.set_position(accounts);
            bar.set_message(format!("Stripe · {}", counted(accounts, "account")));
        }
        Progress::Events(events) => {
            bar.set_position(args.accounts + events);
            bar.set_message(format!("PostHog · {}", counted(events, "event")));
        }
    });
    bar.finish_and_clear();
    let made = made?;

    let out = args.out.display();
    let objects = made.objects.iter().map(|(_, objects)| objects).sum();
    println!(
        "made a company in {out}: {}, {}, {}",
        counted(args.accounts, "account"),
        counted(objects, "Stripe object"),
        counted(made.events, "product event"),
    );
    if made.is_over {
        eprintln!(
            "note: {} events were wanted, but what the accounts must do takes {}",
            count(args.events),
            count(made.events)
        );
    }
    println!("next: land it, then see which of five claims hold; truth.json tells what is planted");
    println!("  paydirt --project {out} sync files {out}/export");
    println!("  paydirt --project {out} backtest --all");
    Ok(ExitCode::SUCCESS)
}
