//! A simulated software company in the sources' own shapes, with planted truth.
//!
//! Two passes over the accounts, each in constant memory: one writes what Stripe would list, the
//! other what PostHog would export, day by day. Both make an account from its number and the seed
//! alone, in integers, so that the same seed gives the same bytes on any machine.

mod account;
mod calendar;
mod cases;
mod company;
mod events;
mod facts;
mod people;
mod random;
mod renewal;
mod story;
mod stripe;
mod truth;

#[cfg(test)]
mod tests;

use std::path::Path;

use self::account::World;
use self::truth::{HYPOTHESES, Tally};
use crate::config::FILE_NAME;
use crate::error::{Error, Result};

pub use self::calendar::AS_OF;
pub use self::stripe::Shape;

const SETTINGS: &str = include_str!("paydirt.toml");

/// What company to make.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub accounts: u64,
    pub events: u64,
    pub seed: u64,
    pub shape: Shape,
    /// Compresses the JSON.
    pub is_compressed: bool,
    /// When the sources were asked, Unix seconds: what came later is not in the exports, what
    /// changed later stands as it was. `truth.json` tells of all time.
    pub as_of: i64,
}

/// How far the making is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Accounts(u64),
    Events(u64),
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Objects by resource.
    pub objects: Vec<(&'static str, u64)>,
    pub events: u64,
    /// True if what the accounts must do takes more events than wanted.
    pub is_over: bool,
}

/// Accounts between two reports of progress.
const STEP: u64 = 1_000;

/// Makes a project with a company in `dir`, which must not hold one.
pub fn write(dir: &Path, settings: &Settings, progress: &mut dyn FnMut(Progress)) -> Result<Made> {
    if settings.accounts == 0 {
        return Err(Error::new("a company without accounts has nothing to tell")
            .hint("--accounts 1500 is enough for a verdict"));
    }
    let export = dir.join("export");
    for taken in [dir.join(FILE_NAME), export.clone()] {
        if taken.exists() {
            return Err(Error::new(format!("{} is there already", taken.display()))
                .hint("name another folder, or remove this one"));
        }
    }
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| Error::from(error).context(path.display()))
    };
    let hypotheses = dir.join("sql/hypotheses");
    std::fs::create_dir_all(&hypotheses)
        .map_err(|error| Error::from(error).context(hypotheses.display()))?;
    write(&dir.join(FILE_NAME), SETTINGS)?;
    for hypothesis in &HYPOTHESES {
        write(&hypotheses.join(format!("{}.sql", hypothesis.name)), hypothesis.sql)?;
    }

    let world = World::new(settings.seed, settings.accounts);
    let mut stripe = stripe::Export::new(&export.join("stripe"), settings)?;
    let mut volume = events::Volume::default();
    let mut tally = Tally::default();
    for number in 0..settings.accounts {
        let account = world.account(number);
        stripe.push(&account.facts)?;
        volume.add(&account);
        tally.add(&account);
        if number % STEP == 0 {
            progress(Progress::Accounts(number));
        }
    }
    let objects = stripe.finish()?;
    let mut tell = |events| progress(Progress::Events(events));
    let folder = export.join("posthog");
    let events = events::write(&world, settings, &volume, &folder, &mut tell)?;
    write(&dir.join("truth.json"), &tally.text(settings, &objects, events)?)?;
    Ok(Made { objects, events, is_over: events > settings.events })
}
